# The MuJS JavaScript interpreter.
source=mujs
build() {
    $CC $CFLAGS $LDFLAGS -o "$program" one.c main.c -lm
}
