-- The daily clean-up of the storage: raw uploads that were copied, and uploads that were abandoned.
--
-- The storage checks an upload URL when an upload begins, and accepts one that ends at any time later. So
-- each file is swept twice: an hour after its time, and again after a day, which is longer than any upload
-- takes, for an object that arrived after the first sweep.

create function public.files_to_sweep(p_limit integer)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', d.id,
        'user_id', d.user_id,
        'keep', (
            select coalesce(jsonb_agg(r.result -> 'name'), '[]'::jsonb)
            from jsonb_array_elements(d.results) r (result)
        )
    )), '[]'::jsonb)
    from (
        select f.id, f.user_id, f.results
        from public.files f
        where f.sweeps < 2
            and f.expires_at <= now() - interval '1 hour'
            and (f.sweeps = 0 or f.expires_at <= now() - interval '1 day')
            and (f.leased_until is null or f.leased_until <= now())
        order by f.expires_at
        limit p_limit
    ) d
$$;

comment on function public.files_to_sweep(integer) is
'Files that are due for the first or second sweep of their storage, oldest first: their time ended an hour
or a day ago, and nobody holds a lease.
Returns [{id, user_id, keep: [names]}]. Everything but the names in keep, the downloads, may be deleted.';
revoke all on function public.files_to_sweep(integer) from public, anon, authenticated, service_role;
grant execute on function public.files_to_sweep(integer) to service_role;

-- Locks all the files' rows in the order of their ids, then the users' rows in the order of theirs. A
-- transaction about one file locks the file, then its user, so the two cannot deadlock.
create function public.mark_swept(p_ids uuid[])
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_abandoned uuid[];
    v_swept     integer;
begin
    perform purse.require_server();
    perform from public.files f where f.id = any (p_ids) order by f.id for update;
    select coalesce(array_agg(f.id), '{}') into v_abandoned
    from public.files f
    where f.id = any (p_ids)
        and purse.file_status(f, clock_timestamp()) = 'expired'
        and f.status <> 'expired';
    perform purse.lock_accounts(
        array(select f.user_id from public.files f where f.id = any (v_abandoned))
    );
    perform public.release_hold(f.hold_id) from public.files f where f.id = any (v_abandoned);
    update public.files f
    set swept_at = clock_timestamp(),
        sweeps = case when f.expires_at <= now() - interval '1 day' then 2 else 1 end,
        status = case when f.id = any (v_abandoned) then 'expired' else f.status end
    where f.id = any (p_ids);
    get diagnostics v_swept = row_count;
    delete from public.files f where f.id = any (p_ids) and f.deleted_at is not null and f.sweeps = 2;
    return jsonb_build_object('swept', v_swept, 'expired', cardinality(v_abandoned));
end
$$;

comment on function public.mark_swept(uuid[]) is
'Records that the storage of these files was cleared. A sweep after a day counts as both. Files
that were abandoned become expired and their holds are released. The rows of files that their owners deleted go with the second sweep. Returns {swept, expired}.';
revoke all on function public.mark_swept(uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.mark_swept(uuid[]) to service_role;
