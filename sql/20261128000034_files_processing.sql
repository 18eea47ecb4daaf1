-- Processing a file: a worker leases it, then finishes it, fails it, or gives the lease back. A
-- lease is a number and a deadline. Each call locks the file's row, then the user's row.

create function purse.lock_file(
    p_user_id uuid,
    p_file_id uuid
)
    returns public.files
    language plpgsql
    set search_path = ''
as $$
declare
    v_file public.files;
begin
    select * into v_file
    from public.files f
    where f.id = p_file_id
        and f.user_id = p_user_id
        and f.deleted_at is null
    for update;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such file', detail = 'no_such_file';
    end if;
    return v_file;
end
$$;

comment on function purse.lock_file(uuid, uuid) is
'Locks the row of a user''s file and returns it. Raises PT404 if the file is not the user''s, or was deleted.';
revoke all on function purse.lock_file(uuid, uuid) from public, anon, authenticated, service_role;

create function public.lease_file(
    p_user_id     uuid,
    p_file_id     uuid,
    p_seconds     integer,
    p_is_uploaded boolean
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_file    public.files;
    v_at      timestamptz;
    v_outcome text;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    v_file := purse.lock_file(p_user_id, p_file_id);
    -- Read the clock after the lock: waiting for it may have taken long.
    v_at := clock_timestamp();
    v_outcome := case
        when v_file.status in ('done', 'failed') then 'settled'
        when purse.file_status(v_file, v_at) = 'expired' then 'expired'
        when v_file.status = 'processing' and v_file.leased_until > v_at then 'processing'
        when not p_is_uploaded then 'not_uploaded'
        else 'leased'
    end;
    if v_outcome = 'leased' then
        -- The user's row is locked first, so that parallel requests cannot all pass the limit.
        perform purse.lock_account(p_user_id);
        if (
            select count(*)
            from public.files f
            where f.user_id = p_user_id
                and f.status = 'processing'
                and f.leased_until > v_at
        ) >= 2 then
            v_outcome := 'busy';
        end if;
    end if;
    if v_outcome = 'leased' then
        update public.files f
        set status = 'processing',
            lease = f.lease + 1,
            leased_until = v_at + make_interval(secs => p_seconds)
        where f.id = v_file.id
        returning * into v_file;
    end if;
    return jsonb_build_object(
        'outcome', v_outcome,
        'lease', v_file.lease,
        'file', purse.file_json(v_file),
        'balance', (purse.lock_account(p_user_id)).balance,
        'sources', (
            select coalesce(jsonb_agg(purse.file_json(f) order by array_position(v_file.sources, f.id)), '[]'::jsonb)
            from public.files f
            where f.id = any (v_file.sources)
        )
    );
end
$$;

comment on function public.lease_file(uuid, uuid, integer, boolean) is
'Leases a file for processing for p_seconds; if two workers ask, one gets it. A lease that ran out is
taken over by the next caller.
Returns {outcome, lease, file, balance, sources}. outcome is leased; processing (another worker has the
lease); busy (two of the user''s files are being processed); settled (the file is done or failed); not_uploaded
(p_is_uploaded is false); or expired.
Raises PT404 if the file is not the user''s.';
revoke all on function public.lease_file(uuid, uuid, integer, boolean) from public, anon, authenticated, service_role;
grant execute on function public.lease_file(uuid, uuid, integer, boolean) to service_role;

create function purse.lock_leased_file(
    p_file_id uuid,
    p_lease   integer
)
    returns public.files
    language plpgsql
    set search_path = ''
as $$
declare
    v_file public.files;
begin
    perform purse.require_server();
    select * into v_file
    from public.files f
    where f.id = p_file_id
    for update;
    if v_file.status is distinct from 'processing' or v_file.lease <> p_lease then
        raise exception using
            errcode = 'PT409', message = 'another worker has this file', detail = 'lease_lost';
    end if;
    return v_file;
end
$$;

comment on function purse.lock_leased_file(uuid, integer) is
'Locks a file''s row and returns it. Raises PT409 with the detail lease_lost if p_lease is not its present lease.';
revoke all on function purse.lock_leased_file(uuid, integer) from public, anon, authenticated, service_role;

create function public.finish_file(
    p_file_id uuid,
    p_lease   integer,
    p_summary jsonb,
    p_results jsonb,
    p_size    bigint default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_file     public.files := purse.lock_leased_file(p_file_id, p_lease);
    v_captured jsonb := public.capture_hold(v_file.hold_id);
begin
    update public.files f
    set status = 'done',
        leased_until = null,
        completed_at = clock_timestamp(),
        summary = p_summary,
        results = p_results,
        size = coalesce(p_size, f.size)
    where f.id = v_file.id
    returning * into v_file;
    return jsonb_build_object('file', purse.file_json(v_file), 'balance', v_captured -> 'balance');
end
$$;

comment on function public.finish_file(uuid, integer, jsonb, jsonb, bigint) is
'Marks a leased file as done and captures its hold, in one transaction. p_size replaces the announced bytes.
Returns {file, balance}. Raises PT409 with the detail lease_lost if the lease was lost, or as capture_hold
does if the hold has expired.';
revoke all on function public.finish_file(uuid, integer, jsonb, jsonb, bigint) from public, anon, authenticated, service_role;
grant execute on function public.finish_file(uuid, integer, jsonb, jsonb, bigint) to service_role;

create function public.fail_file(
    p_file_id uuid,
    p_lease   integer,
    p_code    text,
    p_message text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_file     public.files := purse.lock_leased_file(p_file_id, p_lease);
    v_released jsonb := public.release_hold(v_file.hold_id);
begin
    update public.files f
    set status = 'failed',
        leased_until = null,
        completed_at = clock_timestamp(),
        error_code = p_code,
        error_message = p_message
    where f.id = v_file.id
    returning * into v_file;
    return jsonb_build_object('file', purse.file_json(v_file), 'balance', v_released -> 'balance');
end
$$;

comment on function public.fail_file(uuid, integer, text, text) is
'Marks a leased file as failed for good and releases its hold, in one transaction. p_code and p_message
say why. Returns {file, balance}. Raises PT409 with the detail lease_lost if the lease was lost.';
revoke all on function public.fail_file(uuid, integer, text, text) from public, anon, authenticated, service_role;
grant execute on function public.fail_file(uuid, integer, text, text) to service_role;

create function public.release_file_lease(
    p_file_id uuid,
    p_lease   integer
)
    returns boolean
    language sql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
    select purse.require_server();
    with released as (
        update public.files f
        set status = case when f.sources = '{}' then 'awaiting_upload' else 'processing' end,
            leased_until = null
        where f.id = p_file_id
            and f.status = 'processing'
            and f.lease = p_lease
        returning f.id
    )
    select exists (select from released)
$$;

comment on function public.release_file_lease(uuid, integer) is
'Ends a lease after an infrastructure failure, so that another caller can retry. The hold stays.
Returns whether p_lease was still the present lease.';
revoke all on function public.release_file_lease(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.release_file_lease(uuid, integer) to service_role;
