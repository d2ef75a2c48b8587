{#
  The calendar day in New York at the moment `instant`, as a DATE.

  Airlines sell tickets by local date. A flight at 21:00 on January 5th in New York leaves at 02:00
  on January 6th in UTC, and belongs to the 5th. The time zone's own rules take care of the days with
  23 and 25 hours.
#}
{% macro new_york_date(instant) -%}
cast(timezone('America/New_York', {{ instant }}) as date)
{%- endmacro %}
