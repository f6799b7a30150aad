// Declarations for tests; see README.md.
#pragma once

#include "freertos/FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tskTaskControlBlock *TaskHandle_t;

TaskHandle_t xTaskCreateStaticPinnedToCore(void (*run)(void *), const char *name, uint32_t stack_bytes,
                                           void *argument, UBaseType_t priority, StackType_t *stack,
                                           StaticTask_t *control, BaseType_t core);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken);
void vTaskDelay(TickType_t ticks);
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task);

#ifdef __cplusplus
}
#endif
