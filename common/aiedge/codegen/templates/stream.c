{% set rows = streaming.stream.input_rows %}
{% set steps = streaming.stream.steps %}
{% set held = outputs | map(attribute="name") | list %}
{% for part in parts %}
{% for ring, layout in part.rings %}
static const aiedge_ring {{ ring }} = { {{- layout.slots }}, {{ layout.row_bytes }}, {{ layout.group }}, {{ layout.phase -}} };
{% endfor %}

{% if part.name %}
// The same for the layers from {{ part.stream.flows[0].step.index }} on, whose input is in memory as a whole.
{% else %}
// Step n: row n of the input, and each row of a layer that it completes. Beyond the input's last row, the rows
// that still wait.
{% endif %}
AIEDGE_KERNEL void {{ name }}_step{{ part.name }}(int32_t n, const {{ part.c_type }} *row, {% for entry in outputs %}{{ entry.c_type }} *{{ entry.name }}, {% endfor %}uint8_t *arena) {
  int32_t i;
{% for each in ["row"] + held + ["arena"] %}
  (void){{ each }};
{% endfor %}
{% for row in part.rows %}
  if ((i = aiedge_row_due({{ row.due }})) >= 0) {  // {{ row.title if row.index < 0 else row.index ~ " " ~ row.title }}
{% for line in row.place %}
    {{ line }};
{% endfor %}
{% if row.limit %}
    if (i < {{ row.limit }}) {
{% for line in row.made %}
      {{ line }};
{% endfor %}
{% for line in row.beyond %}
    } else {
      {{ line }};
{% endfor %}
    }
{% else %}
{% for line in row.made %}
    {{ line }};
{% endfor %}
{% endif %}
  }
{% endfor %}
}
{% if part.name %}

// All steps of these layers.
static void {{ name }}_part{{ part.name }}({% for entry in outputs %}{{ entry.c_type }} *{{ entry.name }}, {% endfor %}uint8_t *arena) {
{% for fill in part.fills %}
  {{ fill }};
{% endfor %}
  for (int32_t n = 0; n < {{ part.stream.steps }}; n++) {
    {{ name }}_step{{ part.name }}(n, {{ "n < " ~ part.stream.input_rows ~ " ? " if part.stream.steps > part.stream.input_rows }}{{ part.source }} + n * {{ part.row_elements }}{{ " : NULL" if part.stream.steps > part.stream.input_rows }}, {{ (held + ["arena"]) | join(", ") }});
  }
}
{% endif %}

{% endfor %}
int {{ name }}_begin(uint8_t *arena) {
  const int32_t left = {{ rows }};
{{ missing(["arena"]) }}
{{ check_arena() }}
{% for fill in streaming.fills %}
  {{ fill }};
{% endfor %}
  memcpy(arena + {{ streaming.stream.state }}, &left, sizeof left);
  return AIEDGE_OK;
}

int {{ name }}_push_row({{ row_parameters(inputs, outputs) }}) {
  int32_t left;  // rows of the input to come: none in an arena of zeros, which was not begun
{{ missing(["row"] + held + ["arena"]) }}
{{ check_arena() }}
  memcpy(&left, arena + {{ streaming.stream.state }}, sizeof left);
  if (left <= 0 || left > {{ rows }}) {
    return AIEDGE_NO_ROW_DUE;
  }
  {{ name }}_step({{ rows }} - left, row, {{ held | join(", ") }}, arena);
  left--;
  memcpy(arena + {{ streaming.stream.state }}, &left, sizeof left);
  if (left > 0) {
    AIEDGE_STEP({{ graph.operators | length }});
    return AIEDGE_MORE_ROWS;
  }
{% if steps > rows %}
  for (int32_t n = {{ rows }}; n < {{ steps }}; n++) {
    {{ name }}_step(n, NULL, {{ held | join(", ") }}, arena);
  }
{% endif %}
{% for step, statements in tail %}
  AIEDGE_STEP({{ step.index }});
{% for statement in statements %}
  {{ statement }};
{% endfor %}
{% endfor %}
  AIEDGE_STEP({{ graph.operators | length }});
  return AIEDGE_OK;
}

int {{ name }}_invoke({{ parameters(inputs, outputs) }}) {
{{ missing(holders) }}
  int status = {{ name }}_begin(arena);
  for (int32_t i = 0; i < {{ rows }} && (status == AIEDGE_OK || status == AIEDGE_MORE_ROWS); i++) {
    status = {{ name }}_push_row(input + i * {{ streaming.row_elements }}, {{ held | join(", ") }}, arena);
  }
  return status;
}
