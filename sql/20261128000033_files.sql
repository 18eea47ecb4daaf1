-- Files: the sample app that shows how a feature is paid for. Nothing else in sql/ depends on it: a fork
-- may delete the files named *_files*.sql, and their lines in ops/access.py.
--
-- A row is created when credits are held for a file. The bytes are in the storage, under the ids of
-- user and file. A file's status changes in the same transaction as its hold. A transaction about one
-- file locks the file's row, then the user's row; mark_swept (files_cleanup) locks several of each, in the
-- order of their ids.

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
    lease           integer     not null default 0,
    leased_until    timestamptz,
    summary         jsonb,
    results         jsonb       not null default '[]',
    error_code      text,
    error_message   text,
    created_at      timestamptz not null default clock_timestamp(),
    completed_at    timestamptz,
    swept_at        timestamptz,
    sweeps          smallint    not null default 0,
    deleted_at      timestamptz,
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
-- For history, which names the file that a spend was for. A file's hold is its own.
create unique index files_hold_id_key on public.files (hold_id) where hold_id is not null;
create index files_expires_at_idx on public.files (expires_at) where sweeps < 2;
-- For the limits on a user's open and failed files: counting must not read all files of a user who has many.
create index files_open_idx on public.files (user_id) where status in ('awaiting_upload', 'processing');
create index files_failed_idx on public.files (user_id, completed_at) where status = 'failed';

comment on table public.files is
    'Files of users. Their bytes are in the storage, under <user>/<file>/. No foreign key to auth.users: a row documents what was paid for.';
comment on column public.files.position is 'Lists are paged by it, newest first.';
comment on column public.files.size is 'Bytes: as announced for an upload, as written for an export.';
comment on column public.files.sources is 'The files an export is made of, in order. Empty for an upload.';
comment on column public.files.hold_id is 'The hold on the credits it costs: captured when it is done, released when it failed.';
comment on column public.files.status is 'As written. A file that waits or is processed beyond its time counts as expired before that is written: see purse.file_status.';
comment on column public.files.expires_at is 'When its hold expires.';
comment on column public.files.lease is 'The number of the present lease: how often processing was begun. A worker with an earlier number has lost the file.';
comment on column public.files.leased_until is 'When the present lease ends. Until then nobody else begins.';
comment on column public.files.results is 'What can be downloaded: [{name, content_type, size}], with names in the storage.';
comment on column public.files.swept_at is 'When leftover objects (raw and abandoned uploads) were last deleted from the storage.';
comment on column public.files.sweeps is 'How many of its two sweeps are done: the first an hour after its time, the second after a day.';
comment on column public.files.deleted_at is 'When its owner deleted it. Its name and results are gone from the row; the row itself goes after its second sweep, because an upload may still arrive.';

alter table public.files enable row level security;
revoke all on public.files from public, anon, authenticated, service_role;
grant select on public.files to authenticated, service_role;

create policy "a user reads their own files" on public.files
    for select to authenticated using (
        user_id = (select auth.uid()) and deleted_at is null and (select public.account_is_open())
    );

create or replace view purse.work_names with (security_invoker = true) as
    select f.hold_id, f.filename as name
    from public.files f
    where f.hold_id is not null
        and f.deleted_at is null;

comment on view purse.work_names is
'The names of files by the holds that paid for them. History shows them as file_name, and the search finds them.';
comment on column purse.work_names.name is 'The file''s name. A file that was deleted has none.';

create function purse.file_status(
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
            and (p_file.leased_until is null or p_file.leased_until <= p_at) then 'expired'
        else p_file.status
    end
$$;

comment on function purse.file_status(public.files, timestamptz) is
'A file''s status at a moment. A file that waited too long has expired, even if that is not written yet.';
revoke all on function purse.file_status(public.files, timestamptz) from public, anon, authenticated, service_role;

create function purse.file_json(p_file public.files)
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
        'status', purse.file_status(p_file, now()),
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

comment on function purse.file_json(public.files) is
'A file as the server reads it: {id, feature, filename, size, content_type, status, credits, created_at,
completed_at, expires_at, error: {code, message} or null, transaction_id or null, summary or null,
results: [{name, content_type, size}], sources: [id]}.';
revoke all on function purse.file_json(public.files) from public, anon, authenticated, service_role;

create function purse.require_done_sources(
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
        and f.user_id = p_user_id
        and f.deleted_at is null;
    if v_theirs < cardinality(p_sources) then
        raise exception using errcode = 'PT404', message = 'no such file', detail = 'no_such_file';
    end if;
    if v_done < v_theirs then
        raise exception using errcode = 'PT409', message = 'a file is not done', detail = 'file_not_ready';
    end if;
end
$$;

comment on function purse.require_done_sources(uuid, uuid[]) is
'Raises PT404 unless all of these files are the user''s, PT409 (file_not_ready) unless all are done.';
revoke all on function purse.require_done_sources(uuid, uuid[]) from public, anon, authenticated, service_role;

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
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_file public.files;
    v_hold jsonb;
    v_failed       bigint;
    v_wait_seconds bigint;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    -- A parallel request with the same key waits here until this transaction ends.
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
        perform purse.require_same_request(
            v_file.feature = p_feature
            and v_file.content_type = p_content_type
            and v_file.sources = p_sources
            -- The size of an export is not known when it begins, and its name has the day of the first request.
            and ((v_file.filename = p_filename and v_file.size = p_size) or p_sources <> '{}')
        );
        return jsonb_build_object('file', purse.file_json(v_file), 'replayed', true);
    end if;

    perform purse.require_done_sources(p_user_id, p_sources);
    -- Locks the user's row, so that parallel requests cannot all pass the limit below.
    v_hold := public.hold_credits(p_user_id, p_feature, 1, 'file:' || v_file.id, p_seconds);
    if (
        select count(*)
        from public.files f
        where f.user_id = p_user_id
            and f.status in ('awaiting_upload', 'processing')
            and f.expires_at > now()
    ) >= 20 then
        raise exception using
            errcode = 'PT409', message = 'too many files are waiting', detail = 'too_many_open_files';
    end if;

    -- A file that fails is not charged, but reading it was work.
    select count(*), ceil(extract(epoch from min(f.completed_at) + interval '1 hour' - clock_timestamp()))
    into v_failed, v_wait_seconds
    from public.files f
    where f.user_id = p_user_id
        and f.status = 'failed'
        and f.completed_at > clock_timestamp() - interval '1 hour';
    if v_failed >= 20 then
        raise exception using
            errcode = 'PT429',
            message = 'too many files failed within an hour',
            detail = greatest(v_wait_seconds, 1)::text;
    end if;

    update public.files f
    set hold_id = (v_hold ->> 'hold_id')::uuid,
        credits = (v_hold ->> 'credits')::bigint,
        expires_at = (v_hold ->> 'expires_at')::timestamptz
    where f.id = v_file.id
    returning * into v_file;
    return jsonb_build_object('file', purse.file_json(v_file), 'replayed', false);
end
$$;

comment on function public.begin_file(uuid, text, text, bigint, text, text, integer, uuid[]) is
'Holds the price of a feature for p_seconds and creates the file''s row, once per idempotency key.
p_sources names the files an export is made of.
Returns {file, replayed}. Raises as hold_credits does; PT404 if a source is not the user''s; PT409 with the
detail file_not_ready if a source is not done, or too_many_open_files if 20 files are waiting; PT429 if 20 files
failed within an hour, with the seconds to wait as detail.';
revoke all on function public.begin_file(uuid, text, text, bigint, text, text, integer, uuid[])
    from public, anon, authenticated, service_role;
grant execute on function public.begin_file(uuid, text, text, bigint, text, text, integer, uuid[]) to service_role;

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
    set timezone = 'UTC'
as $$
    select purse.require_server();
    select purse.require_account(p_user_id);
    with page as (
        -- One row more than asked for says whether there is another page.
        select f.position, purse.file_json(f) as file, row_number() over (order by f.position desc) as place
        from public.files f
        where f.user_id = p_user_id
            and f.deleted_at is null
            and f.position < coalesce(p_cursor, 9223372036854775807)
        order by f.position desc
        limit p_limit + 1
    ),
    measured as (
        select p.*,
            -- A page also ends where its text becomes too long for an answer. The first file always fits.
            p.place <= p_limit
                and (p.place = 1 or sum(octet_length(p.file::text)) over (order by p.place) <= 2000000) as is_shown
        from page p
    )
    select jsonb_build_object(
        'files', coalesce(jsonb_agg(m.file order by m.place) filter (where m.is_shown), '[]'::jsonb),
        'next_cursor', case
            when not bool_and(m.is_shown) then (min(m.position) filter (where m.is_shown))::text
        end
    )
    from measured m
$$;

comment on function public.read_files(uuid, integer, bigint) is
'A page of a user''s files, newest first: {files, next_cursor}. It has p_limit files, or fewer if they exceed two
million bytes of JSON: Vercel''s answers may have 4.5 MB.';
revoke all on function public.read_files(uuid, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.read_files(uuid, integer, bigint) to service_role;
