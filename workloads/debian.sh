# debian.sh -- sourced by what fetches Debian 12's packages for i386: sets $suite and the functions below. Needs $cache, a
# folder: apt runs with a configuration and lists of its own in $cache/apt, from the mirror that the system's apt uses (or
# $COVM_DEBIAN); nothing outside $cache is written.
suite=bookworm

die() {
    echo "covm: $*" >&2
    exit 1
}

# One at a time, until this process ends.
lock_cache() {
    exec 9>"$cache/.lock"
    flock -n 9 || { echo "covm: waiting for another fetch into $cache" >&2; flock 9; }
}

command -v apt-get >/dev/null || die "fetching needs Debian's apt-get"

# A configuration that has the system's way to reach the network (proxies, ...), and none of its hooks and places.
configure_apt() {
    mirror=${COVM_DEBIAN-$(apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
        'Created-By: Packages' | awk -v suite=$suite '$1 == suite && $2 == "main" { print $3; exit }')}
    [ -n "$mirror" ] || die "apt knows no mirror of Debian 12 ($suite); name one with COVM_DEBIAN=URI"
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -f $keys ] && signed="[signed-by=$keys] " || signed=
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial" "$cache/sources"
    printf 'deb %s%s %s main\ndeb-src %s%s %s main\n' \
        "$signed" "$mirror" $suite "$signed" "$mirror" $suite >"$cache/apt/sources.list"
    : >"$cache/apt/status"
    {
        apt-config dump | grep '^Acquire::' || :
        cat <<END
APT::Architecture "i386";
APT::Architectures { "i386"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$cache/apt";
Dir::State::status "$cache/apt/status";
Dir::Cache "$cache/apt";
Dir::Etc::sourcelist "$cache/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
END
    } >"$cache/apt/apt.conf"
    APT_CONFIG=$cache/apt/apt.conf
    export APT_CONFIG
    # the lists of today, or, without a network, those of another day
    [ -n "$(find "$cache/apt/updated" -mtime -1 2>/dev/null)" ] && return
    echo "covm: reading Debian's list of packages" >&2
    if apt-get update >"$cache/apt/log" 2>&1 && ! grep -q '^[WE]:' "$cache/apt/log"; then
        : >"$cache/apt/updated"
    else
        [ -f "$cache/apt/updated" ] || die "apt-get update failed; see $cache/apt/log"
    fi
}

# download source|binary PACKAGE: unpacks it into ./package, and leaves in ./made_from its version and the hashes of its
# files, which stay in CACHE/sources.
download() {
    case $1 in
    source) get="source --download-only" ;;
    binary) get=download ;;
    esac
    # shellcheck disable=SC2086
    apt-get -qq --print-uris $get "$2" | awk "/^'/ { print \$2 }" >names
    # shellcheck disable=SC2086
    (cd "$cache/sources" && apt-get -q $get "$2")
    main=$cache/sources/$(grep -E '\.(dsc|deb)$' names)
    case $1 in
    source)
        version=$(awk '/^Version:/ { print $2; exit }' "$main")
        dpkg-source --no-check -x "$main" package
        ;;
    binary)
        version=$(dpkg-deb -f "$main" Version)
        dpkg-deb -x "$main" package
        ;;
    esac
    echo "package $2 $version" >>made_from
    while read -r name; do echo "file $name $(sha256sum <"$cache/sources/$name" | cut -c 1-64)"; done <names >>made_from
}
