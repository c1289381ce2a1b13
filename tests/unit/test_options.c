/* SPDX-License-Identifier: MIT */
/* boot/options.c: odd command lines and the exact warning that each gets, then every option. */
#include "tests/unit/unit.h"
#include "boot/options.h"
#include "lib/bits.h"

static char said[4096];
static u32 warnings;

static void warn(void *ctx, const char *text)
{
	assert_ptr_equal(ctx, said);
	for (const char *c = text; *c; c++) {
		assert_true(*c >= ' ' && *c <= '~');
	}
	snprintf(said, sizeof(said), "%s", text);
	warnings++;
}

static struct options parse(const char *cmdline)
{
	struct options o;

	said[0] = '\0';
	warnings = 0;
	memset(&o, 0xEE, sizeof(o));
	options_parse(cmdline, &o, warn, said);
	return o;
}

static void assert_defaults(const struct options *o)
{
	assert_int_equal(o->console, OPTION_COM1);
	assert_int_equal(o->loglvl, LOGLVL_INFO);
	assert_int_equal(o->shell, OPTION_COM2);
	assert_int_equal(o->panic, OPTION_PANIC_HALT);
	assert_int_equal(o->trace, 1);
	assert_int_equal(o->x2apic, 1);
	assert_int_equal(o->vmcs_shadow, 1);
	assert_int_equal(o->l1_mem, 0);
	assert_int_equal(o->l1_cpus, 0);
	assert_int_equal(o->l1_exit, 0);
	assert_int_equal(o->pool, 0);
	assert_string_equal(o->hv, "default");
}

static void test_one_warning_and_the_defaults(void **state)
{
	static const struct {
		const char *cmdline, *says;
	} rows[] = {
		{ "colsole=com2",
		  "unknown option 'colsole': did you mean console=com1|com2|none?" },
		{ "loglevel=debug",
		  "unknown option 'loglevel': did you mean loglvl=error|warn|info|debug?" },
		{ "Shell=com1", "unknown option 'Shell': did you mean shell=com1|com2|none?" },
		{ "l1.cpu=2", "unknown option 'l1.cpu': did you mean l1.cpus=a number from 1?" },
		{ "poll",
		  "unknown option 'poll': did you mean pool=a number of MiB from 1 to 65536?" },
		{ "x2APIC=off", "unknown option 'x2APIC': did you mean x2apic=on|off?" },
		{ "=com1", "unknown option '': did you mean hv=PROFILE[,+feature][,-feature]?" },
		{ "tr\x01\xff"
		  "ce=on",
		  "unknown option 'tr??ce': did you mean trace=on|off?" },
		{ "console=com3",
		  "option console: 'com3' is not accepted; it takes com1|com2|none" },
		{ "console=", "option console: '' is not accepted; it takes com1|com2|none" },
		{ "console", "option console: '' is not accepted; it takes com1|com2|none" },
		{ "console=com1x",
		  "option console: 'com1x' is not accepted; it takes com1|com2|none" },
		{ "trace=1", "option trace: '1' is not accepted; it takes on|off" },
		{ "panic=reset",
		  "option panic: 'reset' is not accepted; it takes reboot|halt|poweroff" },
		{ "l1.exit=0",
		  "option l1.exit: '0' is not accepted; it takes an I/O port such as 0xf4" },
		{ "l1.exit=0x10000",
		  "option l1.exit: '0x10000' is not accepted; it takes an I/O port such as 0xf4" },
		{ "l1.cpus=0", "option l1.cpus: '0' is not accepted; it takes a number from 1" },
		{ "l1.mem=99999999999999999999G",
		  "option l1.mem: '99999999999999999999G' is not accepted;"
		  " it takes a size such as 512M, 1M or more" },
		{ "l1.mem=4095", "option l1.mem: '4095' is not accepted;"
				 " it takes a size such as 512M, 1M or more" },
		{ "hv=", "option hv: '' is not accepted; it takes PROFILE[,+feature][,-feature]" },
		{ "pool=65537", "option pool: '65537' is not accepted;"
				" it takes a number of MiB from 1 to 65536" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct options o = parse(rows[i].cmdline);

		assert_string_equal(said, rows[i].says);
		assert_int_equal(warnings, 1);
		assert_defaults(&o);
	}
}

static void test_long_words(void **state)
{
	static char line[3000];
	struct options o;

	(void)state;
	memset(line, 'q', sizeof(line) - 1);
	o = parse(line);
	assert_int_equal(warnings, 1);
	assert_defaults(&o);
	memcpy(line, "console=", 8);
	o = parse(line);
	assert_int_equal(warnings, 1);
	assert_defaults(&o);
	memcpy(line, "hv=", 3);
	line[3 + OPTION_TEXT_MAX] = '\0';
	parse(line);
	assert_int_equal(warnings, 1);
	line[3 + OPTION_TEXT_MAX - 1] = '\0';
	o = parse(line);
	assert_int_equal(warnings, 0);
	assert_int_equal(strlen(o.hv), OPTION_TEXT_MAX - 1);
}

static void test_every_option(void **state)
{
	struct options o;

	(void)state;
	o = parse(
		" console=none  loglvl=debug\tshell=com1 hv=none,+tlb_flush,-ipi l1.mem=512M"
		" l1.cpus=2 l1.exit=0xf4 trace=off\npanic=poweroff pool=16 x2apic=off vmcs-shadow=off ");
	assert_int_equal(warnings, 0);
	assert_int_equal(o.console, OPTION_NONE);
	assert_int_equal(o.loglvl, LOGLVL_DEBUG);
	assert_int_equal(o.shell, OPTION_COM1);
	assert_string_equal(o.hv, "none,+tlb_flush,-ipi");
	assert_int_equal(o.l1_mem, MIB(512));
	assert_int_equal(o.l1_cpus, 2);
	assert_int_equal(o.l1_exit, 0xF4);
	assert_int_equal(o.trace, 0);
	assert_int_equal(o.panic, OPTION_PANIC_POWEROFF);
	assert_int_equal(o.pool, 16);
	assert_int_equal(o.x2apic, 0);
	assert_int_equal(o.vmcs_shadow, 0);
}

static void test_empty_and_repeated(void **state)
{
	struct options o;

	(void)state;
	o = parse("");
	assert_defaults(&o);
	o = parse(" \t\n");
	assert_defaults(&o);
	assert_int_equal(warnings, 0);
	o = parse("loglvl=error loglvl=warn loglvl=nonsense");
	assert_int_equal(o.loglvl, LOGLVL_WARN);
	assert_int_equal(warnings, 1);
}

/* The words that each choice accepts are the words that help prints for it. */
static void test_table_agrees_with_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < options_count; i++) {
		const struct option *option = &options_table[i];

		for (u32 c = 0; option->choices && option->choices[c]; c++) {
			char line[64];

			assert_non_null(strstr(option->accepts, option->choices[c]));
			snprintf(line, sizeof(line), "%s=%s", option->name, option->choices[c]);
			parse(line);
			assert_int_equal(warnings, 0);
		}
		assert_true(strlen(option->help) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_warning_and_the_defaults),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_empty_and_repeated),
		cmocka_unit_test(test_table_agrees_with_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
