# The Duktape JavaScript interpreter with its command line.
source=duktape
build() {
    make -f Makefile.cmdline CC="$CC $CFLAGS $LDFLAGS" duk
    mv duk "$program"
}
