# sources.sh -- sourced by the others, in the root of the tree: prints the freestanding sources; $1: the hosted files.
freestanding_sources() {
    for source in $(find hwsim/base hwsim/isa translate cms -name '*.c' 2>/dev/null | LC_ALL=C sort); do
        case " $1 " in *" $source "*) ;; *) echo "$source" ;; esac
    done
}
