# The Tiny C Compiler for i386: compiles into memory, and runs what it made.
source=tcc
build() {
    ./configure --cpu=i386 --cc=gcc --extra-cflags="-m32 $CFLAGS" --extra-ldflags="-m32 -static $LDFLAGS" \
        --enable-static --config-bcheck=no --config-backtrace=no
    make tcc
    mv tcc "$program"
}
