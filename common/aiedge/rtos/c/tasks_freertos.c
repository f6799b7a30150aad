// The tasks on FreeRTOS, its own or ESP-IDF's. There both run on the first core, as on a chip that has one.
#include "tasks.h"

#ifdef ESP_PLATFORM
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#define CREATE(run, name, bytes, priority, stack, control) \
  xTaskCreateStaticPinnedToCore(run, name, bytes, 0, priority, stack, control, 0)
#define MORE_BYTES 2048  // which ESP-IDF's interrupts take on a task's stack
#else
#include "FreeRTOS.h"
#include "task.h"
#define CREATE(run, name, bytes, priority, stack, control) \
  xTaskCreateStatic(run, name, (bytes) / sizeof(StackType_t), 0, priority, stack, control)
#define MORE_BYTES 0
#endif

enum { NETWORK_BYTES = NETWORK_STACK_BYTES + MORE_BYTES, SAMPLER_BYTES = SAMPLER_STACK_BYTES + MORE_BYTES };

static StackType_t network_stack[NETWORK_BYTES / sizeof(StackType_t)];
static StackType_t sampler_stack[SAMPLER_BYTES / sizeof(StackType_t)];
static StaticTask_t network_control, sampler_control;
static TaskHandle_t network_task, sampler_task;
static void (*network_run)(void), (*sampler_run)(void);

static void run_network(void *unused) {
  (void)unused;
  network_run();
}

static void run_sampler(void *unused) {
  (void)unused;
  sampler_task = xTaskGetCurrentTaskHandle();  // on ESP-IDF it runs before its creator has the handle
  sampler_run();
}

void tasks_start(void (*network)(void), void (*sampler)(void)) {
  network_run = network;
  sampler_run = sampler;
  network_task = CREATE(run_network, "network", NETWORK_BYTES, 1, network_stack, &network_control);
  sampler_task = CREATE(run_sampler, "sampler", SAMPLER_BYTES, 2, sampler_stack, &sampler_control);
#ifndef ESP_PLATFORM
  vTaskStartScheduler();
#endif
}

void sampler_wait(void) { ulTaskNotifyTake(pdTRUE, portMAX_DELAY); }

void sampler_notify(void) {
  BaseType_t woken = pdFALSE;
  vTaskNotifyGiveFromISR(sampler_task, &woken);
  portYIELD_FROM_ISR(woken);
}

uint32_t tasks_stack_used(void) {
  uint32_t free =
      (uint32_t)(uxTaskGetStackHighWaterMark(network_task) + uxTaskGetStackHighWaterMark(sampler_task));
  return NETWORK_BYTES + SAMPLER_BYTES - free * (uint32_t)sizeof(StackType_t);
}

#ifndef ESP_PLATFORM
void vApplicationGetIdleTaskMemory(StaticTask_t **control, StackType_t **stack,
                                   configSTACK_DEPTH_TYPE *words) {
  static StaticTask_t idle_control;
  static StackType_t idle_stack[configMINIMAL_STACK_SIZE];
  *control = &idle_control;
  *stack = idle_stack;
  *words = configMINIMAL_STACK_SIZE;
}
#endif
