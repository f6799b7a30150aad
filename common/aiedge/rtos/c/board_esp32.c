// The ESP-EYE and its like, over ESP-IDF: the sensor's clock is a general-purpose timer.
#include <stdio.h>

#include "board.h"
#include "driver/gptimer.h"
#include "esp_attr.h"
#include "esp_err.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static bool IRAM_ATTR on_alarm(gptimer_handle_t timer, const gptimer_alarm_event_data_t *event,
                               void *unused) {
  (void)timer;
  (void)event;
  (void)unused;
  board_sample_due();
  return false;  // sampler_notify() has asked for the switch itself
}

uint32_t board_now(void) { return (uint32_t)esp_timer_get_time(); }

void board_begin_sampling(uint32_t us) {
  static gptimer_handle_t timer;
  const gptimer_config_t config = {
      .clk_src = GPTIMER_CLK_SRC_DEFAULT, .direction = GPTIMER_COUNT_UP, .resolution_hz = 1000000};
  const gptimer_event_callbacks_t callbacks = {.on_alarm = on_alarm};
  const gptimer_alarm_config_t alarm = {.alarm_count = us, .flags.auto_reload_on_alarm = true};
  ESP_ERROR_CHECK(gptimer_new_timer(&config, &timer));
  ESP_ERROR_CHECK(gptimer_register_event_callbacks(timer, &callbacks, 0));
  ESP_ERROR_CHECK(gptimer_enable(timer));
  ESP_ERROR_CHECK(gptimer_set_alarm_action(timer, &alarm));
  ESP_ERROR_CHECK(gptimer_start(timer));
}

void board_finish(const char *text) {
  fputs(text, stdout);
  for (;;) vTaskDelay(portMAX_DELAY);
}

uint32_t board_stack_used(void) { return 0; }
