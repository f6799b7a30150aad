// Declarations for tests; see README.md.
#pragma once

#define CONFIG_ESP_MAIN_TASK_STACK_SIZE 8192
