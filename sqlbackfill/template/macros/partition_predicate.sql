{#
  The condition that holds for the rows of [start, end) and no others.

  `column` is SQL, quoted where it has to be. `type` is date, timestamp, timestamptz, integer or text.
  `start` and `end` are values of that type (a date, a datetime, a number, a text), none for an open
  end. For a set of keys `start` is the list of them and `end` is none.

  The column stands alone on its side: a function or a cast around it would keep the warehouse from
  skipping what lies outside the range.
#}
{% macro partition_predicate(column, type, start, end) -%}
{%- if start is iterable and start is not string -%}
    {%- if not start -%}
FALSE
    {%- else -%}
{{ column }} IN (
        {%- for key in start -%}
{{ partition_literal(key, type) }}{% if not loop.last %}, {% endif %}
        {%- endfor -%}
)
    {%- endif -%}
{%- else -%}
    {%- if start is not none %}{{ column }} >= {{ partition_literal(start, type) }}{% endif -%}
    {%- if start is not none and end is not none %} AND {% endif -%}
    {%- if end is not none %}{{ column }} < {{ partition_literal(end, type) }}{% endif -%}
{%- endif -%}
{%- endmacro %}
