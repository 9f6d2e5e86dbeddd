# PicoSAT: decides whether a formula can be satisfied.
source=picosat
build() {
    ./configure.sh -O
    make picosat CC="$CC" CFLAGS="$CFLAGS -DNDEBUG $LDFLAGS"
    mv picosat "$program"
}
