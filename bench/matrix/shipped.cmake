# SPDX-License-Identifier: MIT
# Writes OUTPUT, a C file with the text of FOLDER/NAME.yaml for each of NAMES (separated by spaces), in that order.
string(REPLACE " " ";" names "${NAMES}")
set(rows "")
foreach(name IN LISTS names)
  file(READ ${FOLDER}/${name}.yaml text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n\t  \"" text "${text}")
  string(APPEND rows "\t{ \"${name}\",\n\t  \"${text}\" },\n")
endforeach()
file(WRITE ${OUTPUT} "/* Written by the build from bench/matrix/shipped/. */
#include \"bench/matrix/shipped.h\"

const struct shipped_matrix shipped_matrices[] = {
${rows}};

const size_t shipped_matrix_count = sizeof(shipped_matrices) / sizeof(shipped_matrices[0]);
")
