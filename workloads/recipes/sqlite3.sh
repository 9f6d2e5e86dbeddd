# The SQLite library, with a main program of our own that reads statements.
binary=libsqlite3-dev
build() {
    $CC $CFLAGS $LDFLAGS -Iusr/include -o "$program" "$recipes/sqlite3.c" usr/lib/i386-linux-gnu/libsqlite3.a -lm
}
