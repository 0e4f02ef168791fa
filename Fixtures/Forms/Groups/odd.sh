# Text in the line table, columns beyond 16 bits, address tables that list some units only.

compile embedded "$clang" $x86 -gdwarf-5 -gembed-source
linked embedded-source ld $(objects embedded)
proves "source: .*The way out is unlikely" llvm-dwarfdump-19 --debug-line "$made/embedded-source"
# GNU addr2line 2.40 gets lost in this line table.
golden embedded-source "$made/embedded-source" --with llvm
fixture embedded-source golden=embedded-source quality=full verified=llvm about="clang -gembed-source: the sources' text in the line table"

# gcc's assembly, with 70000 added to each column: as if the sources were one very long line.
for source in mill.c scale.c sieve.cpp bag.cpp; do
    options=
    [ "${source##*.}" = c ] || options=$cxx
    gcc $common "-ffile-prefix-map=$PWD=/mill" $x86 $options -gdwarf-5 -S -o plain.s "$sources/$source"
    gcc -c -o "narrow-${source%.*}.o" plain.s
    awk '$1 == ".loc" && $4 > 0 { $4 += 70000 } { print }' plain.s >wide.s
    gcc -c -o "wide-${source%.*}.o" wide.s
done
linked wide-columns ld $(objects wide)
linked narrow ld $(objects narrow)
mv "$made/narrow" narrow
golden narrow narrow
"$python" -c '
import json, sys
for text in sys.stdin:
    line = json.loads(text)
    # Call sites are attributes: they keep their columns.
    if line["frames"][0][3]:
        line["frames"][0][3] += 70000
    print(json.dumps(line, separators=(",", ":")))' <"$made/narrow.golden.jsonl" >"$made/wide-columns.golden.jsonl"
rm "$made/narrow.golden.jsonl"
proves ",700[0-9]+\]" cat "$made/wide-columns.golden.jsonl"
same wide-columns "$made/wide-columns" --with gnu
fixture wide-columns golden=wide-columns quality=full verified="gnu for lines; no tool at hand reads such columns" about="columns above 65535"

compile with gcc $x86 -gdwarf-5
compile without "$clang" $x86 -gdwarf-4
linked partial-aranges ld with-mill.o without-scale.o with-sieve.o without-bag.o
[ "$(readelf --debug-dump=aranges "$made/partial-aranges" 2>/dev/null | grep -c Length:)" = 2 ]
golden partial-aranges "$made/partial-aranges" --with llvm
fixture partial-aranges golden=partial-aranges quality=full verified=llvm about=".debug_aranges of gcc's units, none of clang's"
