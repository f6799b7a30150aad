{% macro parameters(inputs, outputs) %}
{% for entry in inputs %}const {{ entry.c_type }} *{{ entry.name }}, {% endfor %}
{% for entry in outputs %}{{ entry.c_type }} *{{ entry.name }}, {% endfor %}
uint8_t *arena
{%- endmacro %}
{% macro row_parameters(inputs, outputs) %}
const {{ inputs[0].c_type }} *row, {% for entry in outputs %}{{ entry.c_type }} *{{ entry.name }}, {% endfor %}
uint8_t *arena
{%- endmacro %}
