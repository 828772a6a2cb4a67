// Stand-in for `log [-p PRIORITY] [-t TAG] TEXT...`.
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "roles.h"

int log_main(int count, char **words)
{
	const char *tag = "log";
	char level = 'I', text[3072] = "";
	size_t used = 0;
	for (int option; (option = getopt(count, words, "p:t:")) != -1;) {
		if (option == 'p')
			level = (char)toupper((unsigned char)*optarg);
		else if (option == 't')
			tag = optarg;
		else
			return 1;
	}
	for (int i = optind; i < count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > optind ? " " : "", words[i]);
	log_line("main", level, tag, "%s", text);
	return 0;
}
