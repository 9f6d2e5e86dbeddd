# busybox, as Debian builds it statically for i386: many small tools in one program.
binary=busybox-static
build() {
    mv bin/busybox "$program"
}
