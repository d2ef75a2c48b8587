{# One value of a partition column as SQL, with its type. #}
{% macro partition_literal(value, type) -%}
{%- set on_snowflake = target.get('engine', target.get('type')) == 'snowflake' -%}
{%- if type == 'integer' -%}
{{ value }}
{%- elif type == 'text' -%}
    {%- set text = value | string | replace("'", "''") -%}
'{{ text | replace('\\', '\\\\') if on_snowflake else text }}'
{%- elif type == 'date' -%}
CAST('{{ value }}' AS DATE)
{%- elif type == 'timestamp' -%}
CAST('{{ value }}' AS {{ 'TIMESTAMP_NTZ' if on_snowflake else 'TIMESTAMP' }})
{%- elif type == 'timestamptz' -%}
CAST('{{ value }}' AS {{ 'TIMESTAMP_TZ' if on_snowflake else 'TIMESTAMPTZ' }})
{%- else -%}
{{ exceptions.raise_compiler_error('no literal for a partition column of type ' ~ type) }}
{%- endif -%}
{%- endmacro %}
