{#
  What stands in the FROM clause for `ref()`, `source()` and `this` while a query runs.

  `relation` prints the relation's name as the warehouse quotes it and has `.database`, `.schema` and
  `.identifier`. `predicate` is the condition that its rows must meet, or none to read all of them.
  Where the result is a subquery that the model gives no alias, an alias is added behind it.
#}
{% macro partitioned_scan(relation, predicate) -%}
{%- if predicate is none -%}
{{ relation }}
{%- else -%}
(select * from {{ relation }} where {{ predicate }})
{%- endif -%}
{%- endmacro %}
