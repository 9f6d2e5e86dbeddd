/* program.c N -- for tcc -nostdlib -run, which calls _start(argc, argv): needs no library and no header, so that all of
 * it is what tcc makes. */
static int write_out(const char *bytes, int count)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(4), "b"(1), "c"(bytes), "d"(count) : "memory");
    return result;
}

static unsigned number(const char *text)
{
    unsigned n = 0;
    while (*text) n = n * 10 + (unsigned)(*text++ - '0');
    return n;
}

static void print(unsigned n)
{
    char digits[12];
    int at = sizeof digits;
    digits[--at] = '\n';
    do digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    write_out(digits + at, (int)sizeof digits - at);
}

struct node {
    struct node *left, *right;
    unsigned key, count;
};
static struct node pool[4096];
static unsigned used;

static struct node *insert(struct node *tree, unsigned key)
{
    if (!tree) {
        tree = &pool[used++];
        tree->left = tree->right = 0;
        tree->key = key;
        tree->count = 1;
    } else if (key == tree->key) {
        tree->count++;
    } else if (key < tree->key) {
        tree->left = insert(tree->left, key);
    } else {
        tree->right = insert(tree->right, key);
    }
    return tree;
}

static unsigned sum(const struct node *tree, unsigned depth)
{
    if (!tree) return 0;
    return tree->key * tree->count + depth + sum(tree->left, depth + 1) + sum(tree->right, depth + 1);
}

static unsigned collatz(unsigned n)
{
    unsigned steps = 0;
    for (; n != 1; steps++) n = n & 1 ? n * 3 + 1 : n / 2;
    return steps;
}

int _start(int argc, char **argv)
{
    unsigned times = argc > 1 ? number(argv[1]) : 1, total = 0, state = 1;
    for (unsigned t = 0; t < times; t++) {
        struct node *tree = 0;
        used = 0;
        for (unsigned i = 0; i < 1000; i++) {
            state = state * 1664525 + 1013904223;
            tree = insert(tree, state >> 20);
        }
        total += sum(tree, 0);
        for (unsigned i = 1; i < 200; i++) total += collatz(i);
        switch (total % 5) {
        case 0: total ^= 0x5a5a; break;
        case 3: total += (unsigned long long)total * total >> 32;
        }
    }
    print(total);
    return (int)(total & 63);
}
