#!/bin/sh
# browser.sh COVM: Chromium reads the pages without a complaint, and finds stats.json in them.
set -u
covm=$1
command -v chromium >/dev/null && command -v python3 >/dev/null || {
    echo "SKIP: no chromium, or no python3"
    [ -n "${COVM_NO_SKIP-}" ] && exit 1
    exit 77
}
. "${0%/*}/pages.sh"

for kind in run sweep; do
    timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --user-data-dir="$work/profile" \
        --enable-logging=stderr --dump-dom "file://$work/$kind/report.html" >"$work/$kind.dom" 2>"$work/$kind.err" ||
        fail "$kind: $(cat "$work/$kind.err")"
    grep 'CONSOLE' "$work/$kind.err" && fail "$kind: the browser complains"
    grep -q '</html>' "$work/$kind.dom" || fail "$kind: no page"
done
python3 - "$work/run.dom" "$work/run/stats.json" <<'END' || fail "the embedded data are not stats.json"
import html.parser, json, sys
class Finder(html.parser.HTMLParser):
    inside, data = False, ""
    def handle_starttag(self, tag, attributes): self.inside = tag == "script" and ("id", "stats") in attributes
    def handle_endtag(self, tag): self.inside = False
    def handle_data(self, data): self.data += data if self.inside else ""
finder = Finder()
finder.feed(open(sys.argv[1], encoding="utf-8").read())
sys.exit(json.loads(finder.data) != json.load(open(sys.argv[2])))
END
