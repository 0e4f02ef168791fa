# Separate debug files, found by build id or by .gnu_debuglink.

compile plain gcc $x86 -gdwarf-5
linked separate-plain ld $(objects plain)
mv "$made/separate-plain" plain
golden separate plain
objcopy --only-keep-debug plain "$made/separate.debug"
strip -o "$made/separate-stripped" plain
same separate "$made/separate.debug"
fixture separate-build-id file=separate-stripped debug=separate.debug golden=separate quality=full verified="llvm gnu" about="stripped program and debug file share a build id"
fixture separate-debug file=separate.debug golden=separate quality=full verified="llvm gnu" about="the debug file alone"

# The debug file has no build id: its CRC says that it belongs.
linked debuglink ld $(objects plain)
mv "$made/debuglink" linked
same separate linked
objcopy --only-keep-debug --remove-section=.note.gnu.build-id linked "$made/debuglink.debug"
strip linked -o stripped
(cd "$made" && objcopy --add-gnu-debuglink=debuglink.debug "$OLDPWD/stripped" debuglink)
proves "gnu_debuglink" readelf -SW "$made/debuglink"
lacks "Build ID" readelf -n "$made/debuglink.debug"
same separate "$made/debuglink.debug"
fixture debuglink debug=debuglink.debug golden=separate quality=full verified="llvm gnu" about="name and CRC of the debug file in .gnu_debuglink; it has no build id"

# The same with another CRC: this debug file is not the program's.
"$python" "$forms/Tools/patch.py" wrong-crc "$made/debuglink" "$made/debuglink-wrong-crc"
fixture debuglink-wrong-crc debug=debuglink.debug golden=separate answers=none quality=none verified="none: the test is that nothing is answered" about="the CRC in .gnu_debuglink is not the debug file's"
