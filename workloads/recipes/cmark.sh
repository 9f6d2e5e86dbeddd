# cmark: CommonMark to HTML.
source=cmark
build() {
    cat >src/config.h <<END
#include <stdbool.h>
#define HAVE___BUILTIN_EXPECT
#define CMARK_INLINE inline
#define CMARK_ATTRIBUTE(list) __attribute__(list)
END
    echo '#define CMARK_EXPORT' >src/cmark_export.h
    printf '#define CMARK_VERSION 0\n#define CMARK_VERSION_STRING "0"\n' >src/cmark_version.h
    $CC $CFLAGS $LDFLAGS -Isrc -o "$program" src/*.c
}
