/* in_tmp.c -- runs another program of the guest's in its /tmp: what lies there is part of a snapshot. */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc > 1 && chdir("/tmp") == 0) execv(argv[1], argv + 1);
    perror("in_tmp");
    return 1;
}
