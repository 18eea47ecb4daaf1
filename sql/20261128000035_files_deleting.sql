-- Deleting files: one for its owner, or all of a deleted account. delete_file locks the file's row, then the
-- user's row.

create function purse.empty_files(p_ids uuid[])
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    update public.files f
    set deleted_at = clock_timestamp(),
        filename = 'deleted',
        size = 0,
        idempotency_key = null,
        status = case when f.status in ('awaiting_upload', 'processing') then 'expired' else f.status end,
        leased_until = null,
        summary = case when f.summary is not null then '{}'::jsonb end,
        error_message = case when f.error_message is not null then '' end,
        results = '[]',
        sources = '{}',
        -- Whatever the storage has of it is swept an hour and a day from now.
        expires_at = clock_timestamp(),
        sweeps = 0
    where f.id = any (p_ids);
end
$$;

comment on function purse.empty_files(uuid[]) is
'Marks files as deleted and takes their names, summaries and results from their rows. The caller holds the rows,
and has ended their holds.';
revoke all on function purse.empty_files(uuid[]) from public, anon, authenticated, service_role;

create function public.delete_file(
    p_user_id uuid,
    p_file_id uuid
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_file    public.files;
    v_account public.user_credits;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    v_file := purse.lock_file(p_user_id, p_file_id);
    if v_file.status = 'processing' and v_file.leased_until > clock_timestamp() then
        raise exception using
            errcode = 'PT409', message = 'a worker has this file', detail = 'lease_lost';
    end if;
    if v_file.status in ('awaiting_upload', 'processing') then
        perform public.release_hold(v_file.hold_id);
    end if;
    perform purse.empty_files(array[v_file.id]);
    v_account := purse.lock_account(p_user_id);
    return jsonb_build_object(
        'balance', v_account.balance,
        'available', v_account.balance - v_account.held
    );
end
$$;

comment on function public.delete_file(uuid, uuid) is
'Deletes a file for its owner. Credits that are still held for it are free at once; a file that was paid for stays
paid. Its name, summary and results leave the row. The storage is not reached from here: the caller deletes the
objects, and the daily clean-up deletes what is left.
Returns {balance, available}. Raises PT404 if the file is not the user''s, PT409 with the detail lease_lost while
it is being processed.';
revoke all on function public.delete_file(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.delete_file(uuid, uuid) to service_role;

-- Locks the files' rows in the order of their ids, and no user's row: forget_user has released the holds.
create function public.forget_files(p_user_id uuid)
    returns integer
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_ids uuid[];
begin
    perform purse.require_server();
    v_ids := array(
        select f.id
        from public.files f
        join public.deleted_accounts d on d.user_id = f.user_id
        where f.user_id = p_user_id
            and f.deleted_at is null
        order by f.id
        for update of f
    );
    perform purse.empty_files(v_ids);
    return cardinality(v_ids);
end
$$;

comment on function public.forget_files(uuid) is
'Deletes the files of a deleted account, also those that a worker has: it loses its lease. Safe to repeat. The
caller deletes the objects in the storage, and the daily clean-up deletes what arrives after that. Returns how many
files there were.';
revoke all on function public.forget_files(uuid) from public, anon, authenticated, service_role;
grant execute on function public.forget_files(uuid) to service_role;
