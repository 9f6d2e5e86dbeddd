# mawk: awk with an interpreter of byte code and an automaton for regular expressions.
source=mawk
build() {
    configure --disable-init-srand
    make mawk
    mv mawk "$program"
}
