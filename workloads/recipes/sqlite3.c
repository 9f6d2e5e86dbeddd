/* sqlite3.c -- runs the SQL statements of its standard input on a database in memory, and prints the rows. */
#include <sqlite3.h>
#include <stdio.h>

static int print_row(void *unused, int columns, char **values, char **names)
{
    for (int c = 0; c < columns; c++) printf("%s%s", c ? "|" : "", values[c] ? values[c] : "");
    printf("\n");
    return 0;
}

int main(void)
{
    static char statements[1 << 20];
    char *trouble = NULL;
    sqlite3 *database;
    statements[fread(statements, 1, sizeof statements - 1, stdin)] = '\0';
    if (sqlite3_open(":memory:", &database) != SQLITE_OK) return 1;
    if (sqlite3_exec(database, statements, print_row, NULL, &trouble) == SQLITE_OK) return 0;
    fprintf(stderr, "%s\n", trouble);
    return 1;
}
