# The Lua 5.4 interpreter, without a line editor and loadable modules.
source=lua5.4
build() {
    echo '#define DEB_HOST_MULTIARCH ""' >src/lua5.4-deb-multiarch.h
    rm src/luac.c
    $CC $CFLAGS $LDFLAGS -DLUA_COMPAT_5_3 -DLUA_USE_POSIX -o "$program" src/*.c -lm
}
