# SPDX-License-Identifier: MIT
# Writes OUTPUT, a C file with the text of STYLE, for the pages to carry their style in themselves.
file(READ ${STYLE} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n\t\"" text "${text}")
file(WRITE ${OUTPUT} "/* Written by the build from bench/report/style.css. */
#include \"bench/report/page.h\"

const char report_style[] =
\t\"${text}\";
")
