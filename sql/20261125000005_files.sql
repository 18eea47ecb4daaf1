-- Files that features are paid for with: a row a file, from the moment credits are held for it. The bytes
-- are in the storage, under the ids of user and file; this is what became of them. Holding, capturing and
-- releasing happen in the same transaction as the change of a file's state, so that neither is without
-- the other. Locks are taken in one order: the file, then the user.

create table public.files (
    id              uuid        not null default gen_random_uuid(),
    position        bigint      generated always as identity,
    user_id         uuid        not null,
    feature         text        not null,
    filename        text        not null,
    size            bigint      not null,
    content_type    text        not null,
    sources         uuid[]      not null default '{}',
    idempotency_key text,
    hold_id         uuid,
    credits         bigint      not null default 0,
    status          text        not null,
    expires_at      timestamptz,
    claim           integer     not null default 0,
    claimed_until   timestamptz,
    summary         jsonb,
    results         jsonb       not null default '[]',
    error_code      text,
    error_message   text,
    created_at      timestamptz not null default clock_timestamp(),
    completed_at    timestamptz,
    swept_at        timestamptz,
    sweeps          smallint    not null default 0,
    constraint files_pkey primary key (id),
    constraint files_hold_id_fkey foreign key (hold_id) references public.credit_holds (id),
    constraint files_idempotency_key_key unique (user_id, idempotency_key),
    constraint files_idempotency_key_is_short check (length(idempotency_key) between 1 and 255),
    constraint files_filename_is_short check (length(filename) between 1 and 255),
    constraint files_size_is_not_negative check (size >= 0),
    constraint files_status_is_known check (status in ('awaiting_upload', 'processing', 'done', 'failed', 'expired')),
    constraint files_completed_says_when check ((status in ('done', 'failed')) = (completed_at is not null)),
    constraint files_failed_says_why check ((status = 'failed') = (error_code is not null and error_message is not null)),
    constraint files_done_says_what check ((status = 'done') = (summary is not null))
);

create index files_user_id_position_idx on public.files (user_id, position desc);
create index files_expires_at_idx on public.files (expires_at) where sweeps < 2;

comment on table public.files is
    'Files of users, from the moment credits are held for one. What they hold is in the storage, under <user>/<file>/. No foreign key to auth.users: a row is what was paid for.';
comment on column public.files.position is 'Newest first: what a list is paged by.';
comment on column public.files.size is 'Bytes: as announced by who uploads, of an export as it became.';
comment on column public.files.sources is 'The files an export is made of, in order; empty for what is uploaded.';
comment on column public.files.hold_id is 'The credits set aside for it: captured once it is done, released when it failed.';
comment on column public.files.status is 'As written. One that waits or is processed beyond its time counts as expired before anybody writes so: see file_status.';
comment on column public.files.expires_at is 'When its hold lapses.';
comment on column public.files.claim is 'How often processing was begun. Who holds an earlier number has lost it.';
comment on column public.files.claimed_until is 'Until when nobody else begins.';
comment on column public.files.results is 'What can be downloaded: [{name, content_type, size}], names in the storage.';
comment on column public.files.swept_at is 'When the storage was last cleared of objects that are not results: uploads that were copied or abandoned.';
comment on column public.files.sweeps is 'How many of its two sweeps are done: 1 after the hour''s margin, 2 after the day''s.';

alter table public.files enable row level security;
revoke all on public.files from public, anon, authenticated, service_role;
grant select on public.files to authenticated, service_role;

create policy "a user reads their own files" on public.files
    for select to authenticated using (user_id = (select auth.uid()));

-- file_status(file, moment) -> its status, with time taken into account.
create function public.file_status(
    p_file public.files,
    p_at   timestamptz
)
    returns text
    language sql
    immutable
    set search_path = ''
as $$
    select case
        when p_file.status in ('awaiting_upload', 'processing')
            and p_file.expires_at <= p_at
            and (p_file.claimed_until is null or p_file.claimed_until <= p_at) then 'expired'
        else p_file.status
    end
$$;

comment on function public.file_status(public.files, timestamptz) is
    'What a file''s status is at a moment: one that waited too long has expired, written or not. Granted to nobody.';
revoke all on function public.file_status(public.files, timestamptz) from public, anon, authenticated, service_role;

-- file_json(file) -> {id, feature, filename, size, content_type, status, credits, created_at, completed_at,
--   expires_at, error: {code, message}?, transaction_id?, summary?, results: [{name, content_type, size}], sources}
create function public.file_json(p_file public.files)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select jsonb_build_object(
        'id', p_file.id,
        'feature', p_file.feature,
        'filename', p_file.filename,
        'size', p_file.size,
        'content_type', p_file.content_type,
        'status', public.file_status(p_file, now()),
        'credits', p_file.credits,
        'created_at', p_file.created_at,
        'completed_at', p_file.completed_at,
        'expires_at', p_file.expires_at,
        'error', case
            when p_file.status = 'failed'
                then jsonb_build_object('code', p_file.error_code, 'message', p_file.error_message)
        end,
        'transaction_id', (select h.transaction_id::text from public.credit_holds h where h.id = p_file.hold_id),
        'summary', p_file.summary,
        'results', p_file.results,
        'sources', p_file.sources
    )
$$;

comment on function public.file_json(public.files) is 'A file as the server reads it. Granted to nobody.';
revoke all on function public.file_json(public.files) from public, anon, authenticated, service_role;

-- begin_file(user, feature, name, bytes, type, key or null, seconds, sources) -> {file, replayed}
-- Holds what the feature costs and opens a row, once for a key. The hold lapses after so many seconds.
-- Sources are files of the same user that are done. Raises as hold_credits does; PT404 for a source that
-- is not theirs; PT409 with the detail file_not_ready for one that is not done, and too_many_open_files
-- past 20 that wait.
create function public.begin_file(
    p_user_id         uuid,
    p_feature         text,
    p_filename        text,
    p_size            bigint,
    p_content_type    text,
    p_idempotency_key text,
    p_seconds         integer,
    p_sources         uuid[] default '{}'
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_file public.files;
    v_hold jsonb;
    v_open constant text[] := array['awaiting_upload', 'processing'];
begin
    -- The same key at the same moment waits here until the other has its row.
    insert into public.files (user_id, feature, filename, size, content_type, sources, idempotency_key, status)
    values (
        p_user_id, p_feature, p_filename, p_size, p_content_type, p_sources, p_idempotency_key,
        case when p_sources = '{}' then 'awaiting_upload' else 'processing' end
    )
    on conflict (user_id, idempotency_key) do nothing
    returning * into v_file;
    if not found then
        select * into v_file
        from public.files f
        where f.user_id = p_user_id
            and f.idempotency_key = p_idempotency_key;
        perform public.refuse_reused_key(
            v_file.feature = p_feature
            and v_file.filename = p_filename
            and v_file.content_type = p_content_type
            and v_file.sources = p_sources
            -- An export's size was not known when it began.
            and (v_file.size = p_size or p_sources <> '{}')
        );
        return jsonb_build_object('file', public.file_json(v_file), 'replayed', true);
    end if;

    perform public.refuse_sources(p_user_id, p_sources);
    -- Locks the user's row: from here on no other file of theirs is begun, and the count holds.
    v_hold := public.hold_credits(p_user_id, p_feature, 1, 'file:' || v_file.id, p_seconds);
    if (
        select count(*)
        from public.files f
        where f.user_id = p_user_id
            and f.status = any (v_open)
            and f.expires_at > now()
    ) >= 20 then
        raise exception using
            errcode = 'PT409', message = 'too many files are waiting', detail = 'too_many_open_files';
    end if;

    update public.files f
    set hold_id = (v_hold ->> 'hold_id')::uuid,
        credits = (v_hold ->> 'credits')::bigint,
        expires_at = (v_hold ->> 'expires_at')::timestamptz
    where f.id = v_file.id
    returning * into v_file;
    return jsonb_build_object('file', public.file_json(v_file), 'replayed', false);
end
$$;

comment on function public.begin_file(uuid, text, text, bigint, text, text, integer, uuid[]) is
    'Holds what a feature costs and opens the row of a file, once for a key. PT402: not enough credits.';
revoke all on function public.begin_file(uuid, text, text, bigint, text, text, integer, uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.begin_file(uuid, text, text, bigint, text, text, integer, uuid[]) to service_role;

-- refuse_sources(user, files) raises PT404 unless all are the user's, PT409 unless all are done.
create function public.refuse_sources(
    p_user_id uuid,
    p_sources uuid[]
)
    returns void
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_theirs bigint;
    v_done   bigint;
begin
    select count(*), count(*) filter (where f.status = 'done')
    into v_theirs, v_done
    from public.files f
    where f.id = any (p_sources)
        and f.user_id = p_user_id;
    if v_theirs < cardinality(p_sources) then
        raise exception using errcode = 'PT404', message = 'no such file', detail = 'no_such_file';
    end if;
    if v_done < v_theirs then
        raise exception using errcode = 'PT409', message = 'a file is not done', detail = 'file_not_ready';
    end if;
end
$$;

comment on function public.refuse_sources(uuid, uuid[]) is 'Raises unless an export can be made of these files. Granted to nobody.';
revoke all on function public.refuse_sources(uuid, uuid[]) from public, anon, authenticated, service_role;

-- claim_file(user, file, seconds, is it uploaded?) -> {outcome, claim, file, balance, sources}
-- Takes a file for processing: of two callers one gets it. A claim that was not ended in so many seconds
-- died, and the next caller takes over. The outcome is claimed; processing: somebody else has it; settled:
-- it is done or failed; not_uploaded; expired. Raises PT404 for a file that is not the user's.
create function public.claim_file(
    p_user_id     uuid,
    p_file_id     uuid,
    p_seconds     integer,
    p_is_uploaded boolean
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_file    public.files;
    v_at      timestamptz;
    v_outcome text;
begin
    select * into v_file
    from public.files f
    where f.id = p_file_id
        and f.user_id = p_user_id
    for update;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such file', detail = 'no_such_file';
    end if;
    -- After the lock was had, which may have taken its time.
    v_at := clock_timestamp();
    v_outcome := case
        when v_file.status in ('done', 'failed') then 'settled'
        when public.file_status(v_file, v_at) = 'expired' then 'expired'
        when v_file.status = 'processing' and v_file.claimed_until > v_at then 'processing'
        when not p_is_uploaded then 'not_uploaded'
        else 'claimed'
    end;
    if v_outcome = 'claimed' then
        update public.files f
        set status = 'processing',
            claim = f.claim + 1,
            claimed_until = v_at + make_interval(secs => p_seconds)
        where f.id = v_file.id
        returning * into v_file;
    end if;
    return jsonb_build_object(
        'outcome', v_outcome,
        'claim', v_file.claim,
        'file', public.file_json(v_file),
        'balance', (public.lock_account(p_user_id)).balance,
        'sources', (
            select coalesce(jsonb_agg(public.file_json(f) order by array_position(v_file.sources, f.id)), '[]'::jsonb)
            from public.files f
            where f.id = any (v_file.sources)
        )
    );
end
$$;

comment on function public.claim_file(uuid, uuid, integer, boolean) is
    'Takes a file for processing; of two callers one gets it, and a claim that died is taken over after its time.';
revoke all on function public.claim_file(uuid, uuid, integer, boolean) from public, anon, authenticated, service_role;
grant execute on function public.claim_file(uuid, uuid, integer, boolean) to service_role;

-- lock_claim(file, claim) -> the file, locked. Raises PT409 with the detail claim_lost if the claim is not
-- the present one any more.
create function public.lock_claim(
    p_file_id uuid,
    p_claim   integer
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
    for update;
    if v_file.status is distinct from 'processing' or v_file.claim <> p_claim then
        raise exception using
            errcode = 'PT409', message = 'somebody else has this file', detail = 'claim_lost';
    end if;
    return v_file;
end
$$;

comment on function public.lock_claim(uuid, integer) is 'A claimed file, locked. PT409: the claim was lost. Granted to nobody.';
revoke all on function public.lock_claim(uuid, integer) from public, anon, authenticated, service_role;

-- finish_file(file, claim, summary, results, bytes or null for as announced) -> {file, balance}
-- Done: spends what was held. Raises PT409: claim_lost, or as capture_hold does if the hold has lapsed.
create function public.finish_file(
    p_file_id uuid,
    p_claim   integer,
    p_summary jsonb,
    p_results jsonb,
    p_size    bigint default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_file     public.files := public.lock_claim(p_file_id, p_claim);
    v_captured jsonb := public.capture_hold(v_file.hold_id);
begin
    update public.files f
    set status = 'done',
        claimed_until = null,
        completed_at = clock_timestamp(),
        summary = p_summary,
        results = p_results,
        size = coalesce(p_size, f.size)
    where f.id = v_file.id
    returning * into v_file;
    return jsonb_build_object('file', public.file_json(v_file), 'balance', v_captured -> 'balance');
end
$$;

comment on function public.finish_file(uuid, integer, jsonb, jsonb, bigint) is
    'A file is done: what was held for it is spent, in the same transaction. PT409: the claim or the hold was lost.';
revoke all on function public.finish_file(uuid, integer, jsonb, jsonb, bigint) from public, anon, authenticated, service_role;
grant execute on function public.finish_file(uuid, integer, jsonb, jsonb, bigint) to service_role;

-- fail_file(file, claim, code, sentence) -> {file, balance}
-- Failed for good, and why: gives back what was held. Raises PT409: claim_lost.
create function public.fail_file(
    p_file_id uuid,
    p_claim   integer,
    p_code    text,
    p_message text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_file     public.files := public.lock_claim(p_file_id, p_claim);
    v_released jsonb := public.release_hold(v_file.hold_id);
begin
    update public.files f
    set status = 'failed',
        claimed_until = null,
        completed_at = clock_timestamp(),
        error_code = p_code,
        error_message = p_message
    where f.id = v_file.id
    returning * into v_file;
    return jsonb_build_object('file', public.file_json(v_file), 'balance', v_released -> 'balance');
end
$$;

comment on function public.fail_file(uuid, integer, text, text) is
    'A file failed for good: what was held for it is released, in the same transaction. PT409: the claim was lost.';
revoke all on function public.fail_file(uuid, integer, text, text) from public, anon, authenticated, service_role;
grant execute on function public.fail_file(uuid, integer, text, text) to service_role;

-- put_back_file(file, claim) -> whether it was still ours
-- Processing could not be carried through, for a reason that is not the file's: who asks next begins anew.
create function public.put_back_file(
    p_file_id uuid,
    p_claim   integer
)
    returns boolean
    language sql
    security definer
    set search_path = ''
as $$
    with put_back as (
        update public.files f
        set status = case when f.sources = '{}' then 'awaiting_upload' else 'processing' end,
            claimed_until = null
        where f.id = p_file_id
            and f.status = 'processing'
            and f.claim = p_claim
        returning f.id
    )
    select exists (select from put_back)
$$;

comment on function public.put_back_file(uuid, integer) is
    'Gives a claimed file back unprocessed, because something else was away; the hold stays.';
revoke all on function public.put_back_file(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.put_back_file(uuid, integer) to service_role;

-- read_files(user, limit, cursor or null) -> {files, next_cursor}, newest first
create function public.read_files(
    p_user_id uuid,
    p_limit   integer,
    p_cursor  bigint default null
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    with page as (
        -- One more than asked for tells whether there is another page.
        select f.*, row_number() over (order by f.position desc) as place
        from public.files f
        where f.user_id = p_user_id
            and (p_cursor is null or f.position < p_cursor)
        order by f.position desc
        limit p_limit + 1
    )
    select jsonb_build_object(
        'files', coalesce(
            jsonb_agg(public.file_json(f) order by f.position desc) filter (where p.place <= p_limit),
            '[]'::jsonb
        ),
        'next_cursor', case
            when count(*) > p_limit then (min(f.position) filter (where p.place <= p_limit))::text
        end
    )
    from page p
    join public.files f on f.id = p.id
$$;

comment on function public.read_files(uuid, integer, bigint) is 'A page of a user''s files, newest first.';
revoke all on function public.read_files(uuid, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.read_files(uuid, integer, bigint) to service_role;

-- files_to_sweep(limit) -> [{id, user_id, keep: [names]}]
-- Files that are due for a sweep, which deletes their objects except for the results. The storage checks
-- an upload URL only when an upload begins, and accepts one that ends at any time later. So each file is
-- swept twice: an hour after its hold has ended, and again after a day, which is longer than any upload
-- takes, for an object that arrived after the first sweep.
create function public.files_to_sweep(p_limit integer)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
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
            and (f.claimed_until is null or f.claimed_until <= now())
        order by f.expires_at
        limit p_limit
    ) d
$$;

comment on function public.files_to_sweep(integer) is
    'Files that are due for the first or second sweep of their objects, oldest first.';
revoke all on function public.files_to_sweep(integer) from public, anon, authenticated, service_role;
grant execute on function public.files_to_sweep(integer) to service_role;

-- mark_swept(files) -> {swept, expired}
-- Their objects are deleted. A sweep that is a day late counts as both. Files that nobody completed are
-- expired now, and their holds end.
create function public.mark_swept(p_ids uuid[])
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_abandoned uuid[];
    v_swept     integer;
begin
    select coalesce(array_agg(f.id), '{}') into v_abandoned
    from (
        select f.id
        from public.files f
        where f.id = any (p_ids)
            and public.file_status(f, clock_timestamp()) = 'expired'
            and f.status <> 'expired'
        order by f.id
        for update
    ) f;
    perform public.release_hold(f.hold_id) from public.files f where f.id = any (v_abandoned) order by f.id;
    update public.files f
    set swept_at = clock_timestamp(),
        sweeps = case when f.expires_at <= now() - interval '1 day' then 2 else 1 end,
        status = case when f.id = any (v_abandoned) then 'expired' else f.status end
    where f.id = any (p_ids);
    get diagnostics v_swept = row_count;
    return jsonb_build_object('swept', v_swept, 'expired', cardinality(v_abandoned));
end
$$;

comment on function public.mark_swept(uuid[]) is
    'The storage is cleared of these files; those that were abandoned are expired, and what was held for them is free.';
revoke all on function public.mark_swept(uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.mark_swept(uuid[]) to service_role;
