# Qhull: convex hulls and Delaunay triangulations.
source=qhull
build() {
    rm -f src/libqhull_r/*test*
    $CC $CFLAGS $LDFLAGS -Isrc -o "$program" src/qhull/unix_r.c src/libqhull_r/*.c -lm
}
