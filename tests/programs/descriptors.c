/* descriptors.c -- what LAR and LSL tell of segments in the local table. */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WRITE = 0x11, LOCAL = 7 /* a selector in the local table, privilege 3 */, UNDEFINED = 0xf0000 };

static void tell(const char *what, struct user_desc desc)
{
    unsigned rights = 0, limit = 0;
    unsigned char valid, limited;
    printf("%s: %ld", what, syscall(SYS_modify_ldt, WRITE, &desc, sizeof desc));
    unsigned selector = desc.entry_number << 3 | LOCAL;
    __asm__("lar %2, %0; setz %1" : "+r"(rights), "=qm"(valid) : "r"(selector));
    __asm__("lsl %2, %0; setz %1" : "+r"(limit), "=qm"(limited) : "r"(selector));
    printf(" lar %d %x lsl %d %x\n", valid, rights & ~UNDEFINED, limited, limit);
}

int main(void)
{
    enum { DATA = 0, CODE = 2 };
    tell("data", (struct user_desc){.entry_number = 1, .limit = 100, .contents = DATA, .seg_32bit = 1});
    tell("available", (struct user_desc){.entry_number = 2, .limit = 100, .contents = DATA, .useable = 1});
    tell("all of it",
         (struct user_desc){.entry_number = 3, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1, .useable = 1});
    tell("read only",
         (struct user_desc){.entry_number = 4, .limit = 0xfffff, .read_exec_only = 1, .limit_in_pages = 1});
    tell("code", (struct user_desc){.entry_number = 5, .limit = 1, .contents = CODE, .seg_32bit = 1, .useable = 1});
    tell("code", (struct user_desc){.entry_number = 5, .limit = 1, .contents = CODE});
    tell("not there", (struct user_desc){.entry_number = 6, .read_exec_only = 1, .seg_not_present = 1});
    return 0;
}
