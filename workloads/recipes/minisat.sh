# MiniSat, with Debian's C++ library for i386.
source=minisat2
binary='libstdc++-12-dev zlib1g-dev'
needs=g++
build() {
    sed -i 's/PRIi64/ PRIi64 /g' minisat/*/*.h minisat/*/*.cc
    g++ -m32 -static $CFLAGS $LDFLAGS -nostdinc++ -isystem usr/include/c++/12 -isystem usr/include/i386-linux-gnu/c++/12 \
        -idirafter usr/include -Lusr/lib/gcc/i686-linux-gnu/12 -Lusr/lib/i386-linux-gnu -DNDEBUG -D__STDC_LIMIT_MACROS \
        -D__STDC_FORMAT_MACROS -fpermissive -w -I. -o "$program" minisat/core/Main.cc minisat/core/Solver.cc \
        minisat/utils/Options.cc minisat/utils/System.cc -lz
}
