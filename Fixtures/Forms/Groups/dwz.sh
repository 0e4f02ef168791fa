# Debug information shared by dwz: in one file, with GNU's supplementary file, and with DWARF 5's.

for version in 4 5; do
    compile "plain$version" gcc $x86 -gdwarf-$version
    linked dwz-plain ld $(objects "plain$version")
    mv "$made/dwz-plain" "plain$version"
    [ $version = 5 ] || golden dwz plain4
    same dwz "plain$version"
    cp "plain$version" single
    dwz single -o "$made/dwz$version"
    proves "DW_TAG_partial_unit" readelf --debug-dump=info "$made/dwz$version"
    same dwz "$made/dwz$version"
    fixture "dwz$version" golden=dwz quality=full verified="llvm gnu" about="dwz on DWARF $version: partial units in the same file"
done

# A second program, so that there is something to share.
other() { linked dwz-other ld "$1-bag.o" "$1-sieve.o" "$1-scale.o" "$1-mill.o" && mv "$made/dwz-other" "$2"; }

# multi NAME OBJECTS DWZ-FLAGS...
multi() {
    local name=$1 prefix=$2
    shift 2
    mkdir "$name"
    cp "$prefix" "$name/first"
    other "$prefix" "$name/second"
    (cd "$name" && dwz "$@" -M "$name.sup" -m "$made/$name.sup" first second)
    cp "$name/first" "$made/$name"
}
multi dwz-multi4 plain4
proves "gnu_debugaltlink" readelf -SW "$made/dwz-multi4"
proves "alt" readelf --debug-dump=info -wN "$made/dwz-multi4"
(cd "$made" && same dwz "$made/dwz-multi4" --with gnu)
fixture dwz-multi4 supplementary=dwz-multi4.sup golden=dwz quality=full verified=gnu about="dwz -m on DWARF 4: .gnu_debugaltlink"
multi dwz-multi5 plain5
proves "gnu_debugaltlink" readelf -SW "$made/dwz-multi5"
(cd "$made" && same dwz "$made/dwz-multi5" --with gnu)
fixture dwz-multi5 supplementary=dwz-multi5.sup golden=dwz quality=full verified=gnu about="dwz -m on DWARF 5: .gnu_debugaltlink"
multi dwz-sup plain5 --dwarf-5
proves "debug_sup" readelf -SW "$made/dwz-sup"
proves "ref_sup4|strp_sup" readelf --debug-dump=abbrev "$made/dwz-sup"
# No tool at hand opens this file for the program's sake; its frames are the plain build's.
fixture dwz-sup supplementary=dwz-sup.sup golden=dwz quality=full verified="none: no tool at hand follows .debug_sup" about="dwz --dwarf-5 -m: .debug_sup, DW_FORM_ref_sup4, DW_FORM_strp_sup"
