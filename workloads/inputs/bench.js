// bench.js -- sorting, closures, objects, strings and regular expressions, so often (make.sh adds the call).
function shuffle(count) {
    var list = [], state = 42;
    for (var i = 0; i < count; i++) {
        state = (state * 1103 + 12345) % 65536;
        list.push({key: state, name: 'n' + (state % 100)});
    }
    return list;
}

function queens(n, row, columns, left, right) {
    if (row == n) return 1;
    var count = 0;
    for (var places = ((1 << n) - 1) & ~(columns | left | right); places; places &= places - 1) {
        var bit = places & -places;
        count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

function bench(times) {
    var total = 0, names = {};
    for (var t = 0; t < times; t++) {
        var list = shuffle(100 + t % 7).sort(function (a, b) { return a.key - b.key || (a.name < b.name ? -1 : 1); });
        list.forEach(function (item) { names[item.name] = (names[item.name] || 0) + item.key; });
        total += queens(5 + t % 2, 0, 0, 0, 0);
        total += 'the quick brown fox, the lazy dog'.replace(/\b(\w)(\w*)/g, '$2$1').length;
        total += Math.floor(Math.sqrt(total) * 10);
    }
    return total + ' ' + JSON.stringify(names).length + ' ' + names.n7;
}
