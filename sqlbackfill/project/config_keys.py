"""Which config keys and yml keys are known: ours, and those of dbt and its adapters that we leave alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.findings import Findings, near_match


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


READ_KEYS: Final = _words(
    """
    materialized enabled event_time batch_size begin lookback database schema alias tags
    unique_key incremental_strategy on_schema_change meta
    """
)

META_KEYS: Final = _words(
    """
    grain week_start timezone naive end dialect vars partitions read relations replace strategy
    max_chunk clock on_schema_change on_change
    """
)

SOURCE_META_KEYS: Final = _words(
    """
    grain week_start timezone naive freshness on_change relations
    """
)

# Hooks are SQL that dbt renders when it runs them, with macros that yml values cannot see.
LATE_RENDERED: Final = frozenset({"pre_hook", "post_hook"})
_HOOKS: Final = LATE_RENDERED | {"sql_header"}

# https://docs.getdbt.com/reference/model-configs and the adapters' own pages.
_DBT_KEYS: Final = """
access automatic_clustering catalog_name column_types concurrent_batches contract description docs
freshness full_refresh grants group incremental_predicates predicates latest_version
merge_exclude_columns merge_update_columns on_configuration_change on_error packages persist_docs
post_hook pre_hook quoting sql_header static_analysis sync deprecation_date test_materialization
severity store_failures store_failures_as limit where fail_calc warn_if error_if
"""
_SNOWFLAKE_KEYS: Final = """
automatic_clustering base_location_root base_location_subpath catalog change_tracking cluster_by
copy_grants data_retention_time_in_days external_access_integrations external_volume imports
immutable_where initialize max_data_extension_time_in_days python_version query_tag refresh_mode
row_access_policy scheduler secrets secure snowflake_initialization_warehouse snowflake_warehouse
storage_serialization_policy table_format table_tag target_file_size target_lag tmp_relation_type
transient use_anonymous_sproc artifact_repository
"""
_DUCKDB_KEYS: Final = """
delimiter external_location format formatter glue_database glue_register glue_register_options location options
overwrite parquet_read_options partition_columns partitioned_by plugin rendered_as sort_by temp_schema
"""
_OTHER_ADAPTER_KEYS: Final = """
auto_liquid_cluster auto_refresh backup bind bucketed_by buckets clustered_by codec compression
copy_partitions databricks_compute databricks_tags dist distributed_by dist_style enable_change_history
enable_refresh engine expire_snapshots file_format grant_access_to ha hours_to_expiration incremental_strategy
include_full_name_in_path indexes insert_overwrite job_execution_timeout_seconds kms_key_name labels
liquid_clustered_by location_root max_staleness merge_with_schema_evolution not_matched_by_source_action
not_matched_by_source_condition matched_condition not_matched_condition order_by partition_by
partition_expiration_days partition_type partitions policy_tags primary_key properties
refresh_interval_minutes require_partition_filter resource_tags s3_data_dir s3_data_naming settings
query_settings sharding_key skip_matched_step skip_not_matched_step sort sort_type source_alias
submission_method target_alias tblproperties ttl unlogged use_safer_relation_operations
native_drop force_batch lf_tags_config lf_grants seed_by_insert table_properties table_type
timeout http_path cluster_id job_cluster_config create_notebook index_url additional_libs
"""
_SEED_SNAPSHOT_KEYS: Final = """
check_cols dbt_valid_to_current hard_deletes invalidate_hard_deletes quote_columns
snapshot_meta_column_names strategy target_database target_schema updated_at
"""
KNOWN_KEYS: Final = READ_KEYS | _words(
    _DBT_KEYS + _SNOWFLAKE_KEYS + _DUCKDB_KEYS + _OTHER_ADAPTER_KEYS + _SEED_SNAPSHOT_KEYS
)

PROJECT_FILE_KEYS: Final = _words(
    """
    name version config-version require-dbt-version profile model-paths macro-paths seed-paths
    snapshot-paths test-paths analysis-paths asset-paths docs-paths function-paths
    packages-install-path target-path log-path clean-targets vars models seeds snapshots sources
    tests data_tests unit_tests metrics semantic-models saved-queries exposures functions
    quoting dispatch on-run-start on-run-end query-comment flags dialect dbt-cloud
    restrict-access anchors analyses source-paths data-paths modules-path
    """
)

PROPERTIES_KEYS: Final = _words(
    """
    version models sources seeds snapshots macros exposures metrics semantic_models
    saved_queries groups unit_tests analyses tests data_tests functions anchors catalogs
    """
)

MODEL_KEYS: Final = _words(
    """
    name description config columns tests data_tests meta docs access group latest_version
    versions constraints deprecation_date time_spine freshness tags unit_tests semantic_model
    metrics primary_entity derived_semantics agg_time_dimension original_file_path data_type
    """
)

COLUMN_KEYS: Final = _words(
    """
    name description data_type tests data_tests meta tags quote constraints policy_tags
    granularity config databricks_tags entity dimension database_roles masking_policy encode
    mask
    """
)

SOURCE_KEYS: Final = _words(
    """
    name description database schema loader quoting tables tags meta config freshness
    loaded_at_field loaded_at_query overrides data_tests tests
    """
)

TABLE_KEYS: Final = _words(
    """
    name description identifier columns quoting external meta config tags tests data_tests
    freshness loaded_at_field loaded_at_query loader
    """
)

SOURCE_CONFIG_KEYS: Final = _words(
    """
    enabled event_time meta freshness loaded_at_field loaded_at_query tags external_location
    formatter plugin database schema
    """
)


def normal_key(key: str) -> str:
    """A config key as config() spells it: `+pre-hook` is `pre_hook`."""
    return key.removeprefix("+").strip().replace("-", "_")


def warn_hook(key: str, span: SourceSpan | None, findings: Findings) -> None:
    """A warning for SQL that dbt would run around a model's own, which we do not."""
    if key in _HOOKS:
        findings.warning(
            "HOOK_NOT_RUN",
            f"`{key}` is not run: a rebuild runs the model's query and nothing else",
            span,
            "see that the rows do not depend on it, or put it into the query",
        )


def warn_unknown_config(key: str, span: SourceSpan | None, findings: Findings) -> None:
    """A warning for a model's config key that neither we nor dbt know."""
    if key in KNOWN_KEYS:
        return
    if key in META_KEYS:
        fix = f"write meta: {{sqlbackfill: {{{key}: …}}}}"
        findings.warning(
            "UNKNOWN_CONFIG_KEY", f"config key `{key}` belongs under meta.sqlbackfill", span, fix
        )
        return
    match = near_match(key, KNOWN_KEYS)
    findings.warning(
        "UNKNOWN_CONFIG_KEY",
        f"unknown config key `{key}`" + (f"; did you mean `{match}`?" if match else ""),
        span,
        f"use `{match}`" if match else "put keys of your own under meta",
    )


def warn_unknown_keys(
    unknown: Iterable[tuple[str, SourceSpan]], known: frozenset[str], where: str, findings: Findings
) -> None:
    """A warning for each of the keys that `known` lacks; `where` ends `unknown key `x` …`."""
    for key, span in unknown:
        match = near_match(key, known)
        fix = f"use `{match}`" if match else "remove it"
        if not match and normal_key(key) in KNOWN_KEYS:
            fix = "put it under config"
        findings.warning(
            "UNKNOWN_YML_KEY",
            f"unknown key `{key}` {where}" + (f"; did you mean `{match}`?" if match else ""),
            span,
            fix,
        )


_OWN_FIELDS: Final = (
    "type schema database threads ledger_schema usd_per_hour confirm_above_usd dialect sources "
)

# https://github.com/duckdb/dbt-duckdb#configuring-your-profile
DUCKDB_FIELDS: Final = _words(
    _OWN_FIELDS
    + """
    path extensions settings secrets attach filesystems use_credential_provider retries plugins
    module_paths remote disable_transactions keep_open is_ducklake config_options dbname
    external_root buenavista motherduck_token
    """
)

# https://docs.getdbt.com/docs/local/connect-data-platform/snowflake-setup
SNOWFLAKE_FIELDS: Final = _words(
    _OWN_FIELDS
    + """
    account user password pass role warehouse authenticator private_key private_key_path
    private_key_passphrase token oauth_client_id oauth_client_secret workload_identity_provider
    workload_identity_entra_resource query_tag client_session_keep_alive host port protocol
    proxy_host proxy_port insecure_mode connect_retries connect_timeout retry_on_database_errors
    retry_all reuse_connections s3_stage_vpce_dns_name platform_detection_timeout_seconds
    connection_name credits_per_hour credit_price_usd usd_per_credit warehouse_size
    warehouse_generation region lock_timeout
    statement_timeout
    """
)
