// swift-tools-version: 6.0
// A small till: the program whose crashes the demo and the tests symbolicate.
import PackageDescription

let package = Package(
    name: "Till",
    targets: [
        .target(name: "CTax"),
        .target(name: "CxxRounding"),
        .target(name: "Pricing", dependencies: ["CTax", "CxxRounding"]),
        .target(name: "Inventory"),
        .executableTarget(name: "Till", dependencies: ["Pricing", "Inventory"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
