# SPDX-License-Identifier: MIT
# Writes version.c when git describe (or, outside a checkout, the project's version) has changed.
execute_process(
  COMMAND git -C ${SOURCE} describe --always --dirty --tags
  OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(version ${FALLBACK})
endif()
set(text "#include \"bench/cli/version.h\"\n\nconst char storsync_version[] = \"${version}\";\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT "${old}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
