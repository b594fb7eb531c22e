"""What functions, PRAGMAs and system tables of SQL do, by name; a function that is not here may do anything."""

from __future__ import annotations

#: Functions sqlglot has no class for that only compute or tell, by dialect. Any other may do anything: it may be
#: one of the user's own. From sqlite.org/lang_corefunc.html and beside it, postgresql.org/docs/current/functions.html,
#: dev.mysql.com/doc/refman/8.4/en/functions.html, learn.microsoft.com/sql/t-sql/functions and duckdb.org/docs.
_SQLITE = frozenset(
    (
        "total date time datetime printf format julianday changes total_changes last_insert_rowid quote randomblob "
        "zeroblob "
        "unixepoch likelihood likely unlikely json_each json_tree json json_array json_object json_valid json_type "
        "json_quote json_set json_insert json_replace json_remove json_patch json_array_length json_group_array "
        "json_group_object json_error_position json_pretty jsonb jsonb_each jsonb_tree jsonb_extract jsonb_array "
        "jsonb_object jsonb_set jsonb_insert jsonb_replace jsonb_remove jsonb_patch jsonb_group_array "
        "jsonb_group_object octet_length glob like match bm25 highlight snippet timediff strftime concat concat_ws "
        "sqlite_source_id sqlite_version sqlite_compileoption_used subtype nullif percentile median typeof unistr if "
        "iif random instr hex unhex sign mod trunc string_agg soundex offset offsets matchinfo regexp "
        "pragma_table_info pragma_table_xinfo pragma_table_list pragma_index_list pragma_index_info "
        "pragma_foreign_key_list pragma_database_list pragma_function_list pragma_compile_options"
    ).split()
)
_POSTGRES = frozenset(
    (
        "pg_size_pretty pg_total_relation_size pg_relation_size pg_table_size pg_indexes_size pg_database_size "
        "pg_typeof pg_get_viewdef pg_get_indexdef pg_get_constraintdef pg_get_functiondef pg_get_expr pg_get_userbyid "
        "pg_get_serial_sequence pg_table_is_visible pg_is_in_recovery pg_backend_pid pg_postmaster_start_time "
        "pg_stat_get_live_tuples pg_encoding_to_char pg_column_size pg_blocking_pids obj_description col_description "
        "shobj_description format_type to_regclass to_regtype to_regproc version current_schemas inet_client_addr "
        "inet_server_addr has_table_privilege has_schema_privilege has_column_privilege has_database_privilege "
        "jsonb_agg json_agg jsonb_build_object json_build_object jsonb_build_array json_build_array json_object_agg "
        "jsonb_object_agg jsonb_array_elements json_array_elements jsonb_array_elements_text "
        "json_array_elements_text jsonb_each json_each json_each_text jsonb_each_text jsonb_typeof json_typeof "
        "to_json to_jsonb row_to_json array_to_json jsonb_array_length json_array_length jsonb_object_keys "
        "json_object_keys jsonb_set jsonb_insert jsonb_pretty jsonb_strip_nulls json_strip_nulls jsonb_extract_path "
        "jsonb_extract_path_text json_extract_path json_extract_path_text jsonb_path_query jsonb_path_query_array "
        "jsonb_path_query_first jsonb_path_match jsonb_path_exists jsonb_to_record jsonb_to_recordset json_to_record "
        "json_to_recordset jsonb_populate_record jsonb_object json_object age make_date make_time make_timestamp "
        "make_timestamptz make_interval date_part clock_timestamp statement_timestamp transaction_timestamp timeofday "
        "isfinite width_bucket regexp_matches regexp_match regexp_split_to_table regexp_split_to_array regexp_count "
        "array_agg array_length array_upper array_lower array_ndims array_dims array_fill array_replace "
        "array_position array_positions array_to_string string_to_array string_agg cardinality unnest "
        "generate_subscripts btrim ltrim rtrim initcap quote_ident quote_literal quote_nullable overlay to_hex "
        "to_ascii to_char to_date to_number to_timestamp to_tsvector to_tsquery plainto_tsquery phraseto_tsquery "
        "websearch_to_tsquery ts_rank ts_rank_cd ts_headline setweight similarity word_similarity octet_length "
        "numrange int4range int8range tsrange tstzrange daterange isempty lower_inc upper_inc range_merge bool_and "
        "bool_or every bit_and bit_or mode percentile_cont percentile_disc num_nonnulls num_nulls div mod gcd lcm "
        "scale min_scale trim_scale factorial gen_random_uuid uuidv4 uuidv7 host hostmask netmask network masklen "
        "family abbrev format concat concat_ws quote random trunc sign nullif strpos substr current_schema "
        "inet_same_family pg_client_encoding lower upper length abs round floor ceil trim substring replace count sum "
        "avg min max now date_trunc left right lpad rpad repeat reverse md5 sha256 encode decode position chr ascii"
    ).split()
)
_MYSQL = frozenset(
    (
        "date_format find_in_set field makedate maketime period_add period_diff sec_to_time time_to_sec to_seconds "
        "from_days str_to_date timediff utc_date any_value bin oct conv inet_aton inet_ntoa inet6_aton inet6_ntoa "
        "is_uuid uuid_to_bin bin_to_uuid json_array json_object json_contains json_contains_path json_keys "
        "json_search json_length json_depth json_merge_patch json_merge_preserve json_unquote json_overlaps json_set "
        "json_insert json_replace json_remove json_quote json_valid json_value json_storage_size json_arrayagg "
        "json_objectagg row_count found_rows last_insert_id connection_id ord strcmp truncate export_set make_set "
        "group_concat version format concat concat_ws octet_length quote rand mod sign nullif instr ifnull addtime "
        "now curdate curtime sysdate utc_time utc_timestamp localtime localtimestamp datediff timestampdiff date_add "
        "date_sub last_day dayname monthname quarter microsecond "
        "subtime from_unixtime unix_timestamp weekday yearweek bit_and bit_or bit_xor crc32 md5 sha1 sha2 char_length"
    ).split()
)
_TSQL = frozenset(
    (
        "len isnull datename datepart datefromparts eomonth sysdatetime getdate getutcdate newid db_name object_name "
        "schema_name object_id isjson json_query json_value choose patindex quotename str try_convert try_parse "
        "checksum scope_identity suser_sname format concat concat_ws iif sign nullif stuff string_agg dateadd datediff"
    ).split()
)
_DUCKDB = _POSTGRES | frozenset(
    (
        "list_value list_contains list_sort list_distinct list_aggregate struct_pack epoch epoch_ms strptime strftime "
        "histogram approx_count_distinct arg_max arg_min len date_diff date_trunc try_cast range list_transform "
        "list_filter regexp_extract regexp_replace duckdb_tables duckdb_columns pragma_table_info printf if"
    ).split()
)
_EVERY = _SQLITE | _POSTGRES | _MYSQL | _TSQL | _DUCKDB
#: By dialect; one without a list of its own takes what only computes in any of them.
COMPUTING = {"sqlite": _SQLITE, "postgres": _POSTGRES, "mysql": _MYSQL, "tsql": _TSQL, "duckdb": _DUCKDB, "": _EVERY}
#: Functions that sqlglot knows and that do more than compute: open files, move a sequence, ask a service.
OPENING = frozenset(
    (
        "ReadCSV ReadParquet ReadJSON NextValueFor ToFile Secret DynamicIdentifier Predict AIAgg AIClassify AIEmbed "
        "AIForecast AIGenerate AISimilarity AISummarizeAgg MLForecast MLTranslate GenerateBool GenerateDouble "
        "GenerateEmbedding GenerateInt GenerateTable GenerateText FeaturesAtTime"
    ).split()
)
#: What some functions and procedures do, besides what is unknown about them.
ACTING = {
    name: effect
    for effect, names in (
        (
            "execute",
            "xp_cmdshell sys_exec sys_eval sys_bineval edit load_extension sp_oacreate sp_oamethod fts3_tokenizer "
            "sp_executesql xp_regwrite sp_execute_external_script shellfs",
        ),
        (
            "send",
            "dblink dblink_exec dblink_connect dblink_open dblink_send_query http_get http_post http_put http_delete "
            "http pg_notify net_http_get net_http_post external_query openrowset opendatasource openquery url remote "
            "s3 sp_send_dbmail xp_dirtree xp_fileexist utl_http utl_smtp",
        ),
        ("grant", "sp_addrolemember sp_addsrvrolemember sp_configure set_config sp_addlogin"),
    )
    for name in names.split()
}
#: Modules of virtual tables that keep to the database.
MODULES = frozenset({"fts3", "fts4", "fts5", "rtree", "geopoly"})
#: PRAGMAs that take a name and only tell (sqlite.org/pragma.html).
ASKING = frozenset(
    (
        "table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list "
        "foreign_key_check integrity_check quick_check"
    ).split()
)
#: PRAGMAs that only tell as long as they are given no value.
TELLING = frozenset(
    (
        "database_list collation_list function_list module_list pragma_list compile_options user_version "
        "schema_version application_id encoding page_count page_size freelist_count foreign_keys journal_mode "
        "synchronous cache_size busy_timeout recursive_triggers data_version auto_vacuum"
    ).split()
)
#: Tables that say who may do what, or what the database is.
SYSTEM = frozenset(
    (
        "pg_authid pg_shadow pg_auth_members pg_proc pg_class pg_database pg_hba_file_rules pg_largeobject "
        "sqlite_master sqlite_schema sqlite_temp_master sqlite_temp_schema global_priv tables_priv columns_priv "
        "procs_priv proxies_priv sysusers syslogins"
    ).split()
)
SYSTEM_SCHEMAS = frozenset({"mysql", "pg_catalog", "sys", "information_schema", "performance_schema"})
#: Schemas whose functions are the ones of that name.
OWN_SCHEMAS = frozenset({"pg_catalog", "main", "temp", "sys", "safe", "information_schema"})
