"""The smaller names of dbt's context."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        (
            "{{ var('start_date') }} {{ var('x', 'd') }} {{ var.has_var('x') }}",
            "2013-01-01 d False",
        ),
        ("{{ env_var('HOME') }} {{ env_var('X', 'd') }}", "/home/me d"),
        (
            "{{ tojson({'a': [1]}) }} {{ fromjson('[1]')[0] }} {{ tojson({1: this}, 'no') }}",
            '{"a": [1]} 1 no',
        ),
        ("{{ toyaml({'a': 1}) }}{{ fromyaml('a: 2').a }}", "a: 1\n2"),
        ("{{ set([1, 1]) | list }} {{ zip([1], [2]) }} {{ set(1, 'd') }}", "[1] [(1, 2)] d"),
        ("{{ model.name }} {{ model.config.x }} {{ model.batch }}", "daily 1 None"),
        (
            "{{ modules.re.sub('a', 'b', 'aa') }}{{ modules.itertools.chain([1], [2]) | list }}",
            "bb[1, 2]",
        ),
        (
            "{{ modules.pytz.timezone('Europe/Berlin') }} {{ modules.datetime.date(2013, 1, 1) }}",
            "Europe/Berlin 2013-01-01",
        ),
        ("{{ context['model'].name }} {{ context.get('nothing', 'd') }}", "daily d"),
        ("{{ adapter.quote('a b') }} {{ adapter.type() }} {{ project_name }}", '"a b" duckdb shop'),
        ("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01"),
        ("{% set ns = namespace(x=1) %}{% set ns.x = 2 %}{{ ns.x }}", "2"),
        ("{{ '4' | as_number }} {{ local_md5('a') }}", "4 0cc175b9c0f1b6a831c399e269772661"),
        ("{{ print('x') }}{{ log('y', info=true) }}", ""),
        (
            "{{ this }}|{{ this.database }}.{{ this.schema }}.{{ this.table }}",
            '"main"."daily"|db.main.daily',
        ),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_names_of_the_context_do_what_dbt_says(project, sql, text):
    assert project.run(sql, config={"x": 1}).sql == text


def test_a_packages_own_variables_come_first_in_its_files(project):
    project = project.with_macros("{% macro m() %}{{ var('v') }}{% endmacro %}", package="utils")
    project = project.with_settings(vars={"v": "ours"}, package_vars={"utils": {"v": "theirs"}})
    assert project.analyse("{{ var('v') }} {{ utils.m() }}").sql == "ours theirs"
