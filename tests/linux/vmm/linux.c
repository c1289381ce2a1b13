#include "tests/linux/vmm/linux.h"
int linux_main(char *const arguments[]) { (void)arguments; return 2; }
