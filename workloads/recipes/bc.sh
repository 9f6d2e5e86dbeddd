# GNU bc: a compiler to a stack machine, and decimal numbers of any length. Without its library of functions (-l), for
# which the build would run what it made.
source=bc
build() {
    configure MAKEINFO=:
    echo '{0}' >bc/libmath.h
    rm lib/testmul.c
    $CC $CFLAGS $LDFLAGS -DHAVE_CONFIG_H -I. -Ih -Ibc -o "$program" bc/*.c lib/getopt*.c lib/number.c
}
