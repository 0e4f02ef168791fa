# Sourced by check.sh and by the benchmarks: the big files and the Python that drives the peers.
#
#   SYMBOLIST_BIG_FILES   a folder with the two .deb files, or with what is in them, instead of a download
#   work                  set by the caller: where everything goes, .build/bench

# A virtual environment with symbolic, Sentry's symbolication library, in a fixed version.
make_python() {
    if [ ! -x "$work/venv/bin/python" ]; then python3 -m venv "$work/venv"; fi
    "$work/venv/bin/python" -c 'import symbolic' 2>/dev/null ||
        "$work/venv/bin/pip" install --quiet --disable-pip-version-check symbolic==13.9.0
    python=$work/venv/bin/python
}

# Debian's debug files of OpenJDK's libjvm and of Ceph's librados, unpacked below $work/files.
fetch_big_files() {
    local package
    mkdir -p "$work/packages" "$work/files"
    for package in openjdk-17-dbg librados2-dbg; do
        if [ -e "$work/files/$package" ]; then continue; fi
        local deb=
        if [ -n "${SYMBOLIST_BIG_FILES:-}" ]; then
            deb=$(find "$SYMBOLIST_BIG_FILES" -maxdepth 1 -name "${package}_*.deb" | head -1)
        fi
        if [ -z "$deb" ]; then
            (cd "$work/packages" && apt-get download -qq "$package")
            deb=$(find "$work/packages" -name "${package}_*.deb" | head -1)
        fi
        dpkg-deb -x "$deb" "$work/files/$package.partial"
        mv "$work/files/$package.partial" "$work/files/$package"
    done
}

# The largest debug files of a package, biggest first: big_files PACKAGE COUNT.
big_files() {
    find "$work/files/$1" -name '*.debug' -size +4M -printf '%s %p\n' | sort -rn | head -"$2" | cut -d' ' -f2-
}

# The kernel's debug package, about 1 GB to download and 6 GB unpacked, of which one file is kept.
fetch_kernel() {
    if [ -d "$work/files/linux-image" ]; then return; fi
    local package
    package=$(apt-cache depends linux-image-amd64-dbg | sed -n 's/ *Depends: //p' | head -1)
    (cd "$work/packages" && apt-get download -qq "$package")
    mkdir -p "$work/files/linux-image.partial"
    dpkg-deb --fsys-tarfile "$work/packages/$package"_*.deb |
        tar -x -C "$work/files/linux-image.partial" --wildcards './usr/lib/debug/boot/vmlinux-*'
    mv "$work/files/linux-image.partial" "$work/files/linux-image"
}
