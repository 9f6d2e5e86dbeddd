# gzip.
source=gzip
build() {
    configure
    make version.c version.h
    make -C lib
    make gzip
    mv gzip "$program"
}
