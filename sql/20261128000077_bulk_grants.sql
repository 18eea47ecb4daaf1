-- Grants to many people from one file. A batch is recorded first, with its lines; then its lines are granted, a
-- few in a transaction, until none is left. So a crash loses nothing, and nobody's account is locked for long.

create table public.grant_batches (
    id              uuid                   not null default gen_random_uuid(),
    idempotency_key public.idempotency_key not null,
    fingerprint     bytea                  not null,
    campaign        text                   not null,
    reason          text                   not null,
    actor_id        uuid                   not null,
    created_at      timestamptz            not null default clock_timestamp(),
    constraint grant_batches_pkey primary key (id),
    -- Not for each actor: a colleague who sends the same batch goes on with it.
    constraint grant_batches_idempotency_key_key unique (idempotency_key),
    constraint grant_batches_campaign_is_short check (campaign ~ '\S' and length(campaign) <= 100),
    constraint grant_batches_reason_is_short check (reason ~ '\S' and length(reason) <= 500)
);

create index grant_batches_created_at_idx on public.grant_batches (created_at desc);

comment on table public.grant_batches is 'Grants to many people from one file (desk_begin_grants). Its lines are in grant_lines.';
comment on column public.grant_batches.fingerprint is 'A keyed hash of campaign, reason and lines, by which a changed file is noticed. The file itself is not kept: it holds addresses.';
comment on column public.grant_batches.campaign is 'For people: the name of the lots, and the reason in the history.';
comment on column public.grant_batches.reason is 'For staff: why. It is in admin_actions, too.';
comment on column public.grant_batches.actor_id is 'Who began it. admin_actions has who carried out each line.';

create table public.grant_lines (
    batch_id       uuid                not null,
    line           integer             not null,
    user_id        uuid                not null,
    credits        public.credit_count not null,
    valid_days     integer,
    note           text,
    outcome        text,
    refusal        text,
    transaction_id bigint,
    ended_at       timestamptz,
    constraint grant_lines_pkey primary key (batch_id, line),
    constraint grant_lines_user_id_key unique (batch_id, user_id),
    constraint grant_lines_batch_id_fkey foreign key (batch_id) references public.grant_batches (id),
    constraint grant_lines_transaction_id_fkey foreign key (transaction_id) references public.credit_transactions (id),
    constraint grant_lines_give_something check (credits between 1 and 1000000000),
    constraint grant_lines_valid_days_are_bounded check (valid_days between 1 and 3650),
    constraint grant_lines_note_is_short check (length(note) between 1 and 2000),
    constraint grant_lines_end_in_one_way check (
        (outcome is null and refusal is null and transaction_id is null and ended_at is null)
        or (outcome = 'granted' and refusal is null and transaction_id is not null and ended_at is not null)
        or (outcome = 'refused' and refusal is not null and transaction_id is null and ended_at is not null)
    )
);

create index grant_lines_user_id_idx on public.grant_lines (user_id);

comment on table public.grant_lines is 'The lines of batches of grants, and what became of each. One line a person.';
comment on column public.grant_lines.line is 'The line of the file on which it began; the first is 1.';
comment on column public.grant_lines.note is 'For staff. Personal data: it moves to person_notes with the grant, and is deleted with the account.';
comment on column public.grant_lines.outcome is 'granted or refused. Null: still to do.';
comment on column public.grant_lines.refusal is 'Why it was refused: account_deleted, purse_moved or unknown_person.';

alter table public.grant_batches enable row level security;
revoke all on public.grant_batches from public, anon, authenticated, service_role;
grant select on public.grant_batches to service_role;
alter table public.grant_lines enable row level security;
revoke all on public.grant_lines from public, anon, authenticated, service_role;
grant select on public.grant_lines to service_role;

create function purse.grant_recipients(p_lines jsonb)
    returns table (
        line       integer,
        user_id    uuid,
        credits    bigint,
        valid_days integer,
        note       text,
        fault      text,
        twin       integer
    )
    language sql
    stable
    rows 100
    set search_path = ''
as $$
    with found as (
        select l.line, l.credits, l.valid_days, l.note,
            case
                when l.person ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
                    (select array[l.person::uuid] where purse.person_exists(l.person::uuid))
                -- Supabase Auth stores addresses in lower case. Users of single sign-on may share one.
                when strpos(l.person, '@') > 0 then
                    array(select a.id from auth.users a where a.email = lower(l.person) limit 2)
            end as ids
        from pg_catalog.jsonb_to_recordset(p_lines) l (line integer, person text, credits bigint, valid_days integer, note text)
    ),
    known as (
        select f.*, case when cardinality(f.ids) = 1 then f.ids[1] end as user_id from found f
    ),
    placed as (
        select k.*, min(k.line) over (partition by k.user_id) as first_line from known k
    )
    select p.line, p.user_id, p.credits, p.valid_days, p.note,
        case
            when cardinality(p.ids) > 1 then 'ambiguous_person'
            when p.user_id is null then 'unknown_person'
            when exists (select from public.deleted_accounts d where d.user_id = p.user_id) then 'account_deleted'
            when exists (select from public.purse_moves m where m.from_user_id = p.user_id) then 'purse_moved'
            when p.line > p.first_line then 'person_twice'
        end,
        case when p.user_id is not null and p.line > p.first_line then p.first_line end
    from placed p
$$;

comment on function purse.grant_recipients(jsonb) is
'Whom the lines of a file name: p_lines is [{line, person: address or user id, credits, valid_days, note}]. fault says why a
line cannot be granted: unknown_person, ambiguous_person, account_deleted, purse_moved, or person_twice, where twin is
the line that names the person first.';
revoke all on function purse.grant_recipients(jsonb) from public, anon, authenticated, service_role;

create function purse.balance_by_now(p_user_id uuid)
    returns bigint
    language sql
    stable
    set search_path = ''
as $$
    select coalesce((
        select u.balance - case
            when u.lapses_at <= now() then (
                select coalesce(sum(greatest(l.remaining - l.held + ended.credits, 0)), 0)
                from public.credit_lots l
                cross join lateral (
                    select coalesce(sum(e.credits), 0) as credits
                    from public.credit_holds h
                    join purse.hold_lots e on e.hold_id = h.id
                    where h.user_id = p_user_id
                        and h.status = 'held'
                        and h.expires_at <= now()
                        and e.lot_id = l.id
                ) ended
                where l.user_id = p_user_id
                    and l.expires_at <= now()
            )
            else 0
        end
        from public.user_credits u
        where u.user_id = p_user_id
    ), 0)::bigint
$$;

comment on function purse.balance_by_now(uuid) is
'A user''s balance without what has expired and is not written yet. Locks and changes nothing.';
revoke all on function purse.balance_by_now(uuid) from public, anon, authenticated, service_role;

create function purse.require_lines(p_lines jsonb)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
begin
    if p_lines is null or jsonb_typeof(p_lines) <> 'array' or jsonb_array_length(p_lines) not between 1 and 500 then
        raise exception using errcode = 'PT422', message = 'a file has 1 to 500 lines';
    end if;
end
$$;

comment on function purse.require_lines(jsonb) is 'Raises PT422 unless p_lines is an array of 1 to 500.';
revoke all on function purse.require_lines(jsonb) from public, anon, authenticated, service_role;

create function public.desk_preview_grants(
    p_actor_id uuid,
    p_campaign text,
    p_lines    jsonb
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id, true);
    perform purse.require_lines(p_lines);
    return (
        select jsonb_agg(jsonb_build_object(
            'line', r.line,
            'user_id', r.user_id,
            'email', case when r.user_id is not null then purse.who_is(r.user_id) end,
            'fault', r.fault,
            'twin', r.twin,
            'balance', b.balance,
            'balance_after', b.balance + r.credits,
            'given_before', (
                select sum(l.credits)::bigint
                from public.grant_lines l
                join public.grant_batches g on g.id = l.batch_id
                where l.user_id = r.user_id
                    and g.campaign = p_campaign
                    and l.outcome = 'granted'
            )
        ) order by r.line)
        from purse.grant_recipients(p_lines) r
        cross join lateral (
            select case when r.fault is null then purse.balance_by_now(r.user_id) end as balance
        ) b
    );
end
$$;

comment on function public.desk_preview_grants(uuid, text, jsonb) is
'What the lines of a file would do, for an admin. Locks and changes nothing. p_lines is as in purse.grant_recipients;
credits may be null. Returns [{line, user_id, email, fault, twin: see there, balance, balance_after: null if there is a
fault, given_before: credits that earlier batches of this campaign gave to the person, or null}]. Raises PT403 with
not_staff or admins_only as detail, PT422 for more than 500 lines.';
revoke all on function public.desk_preview_grants(uuid, text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.desk_preview_grants(uuid, text, jsonb) to service_role;

create function purse.batch_json(p_batch public.grant_batches)
    returns jsonb
    language sql
    stable
    set search_path = ''
    set timezone = 'UTC'
as $$
    select jsonb_build_object(
        'batch_id', p_batch.id,
        'campaign', p_batch.campaign,
        'reason', p_batch.reason,
        'began_by', purse.who_is(p_batch.actor_id),
        'began_at', p_batch.created_at,
        'lines', count(*),
        'credits', sum(l.credits)::bigint,
        'granted', count(*) filter (where l.outcome = 'granted'),
        'credits_granted', coalesce(sum(l.credits) filter (where l.outcome = 'granted'), 0)::bigint,
        'refused', count(*) filter (where l.outcome = 'refused'),
        'left', count(*) filter (where l.outcome is null),
        'ended_at', case when bool_and(l.outcome is not null) then max(l.ended_at) end
    )
    from public.grant_lines l
    where l.batch_id = p_batch.id
$$;

comment on function purse.batch_json(public.grant_batches) is
'A batch of grants: {batch_id, campaign, reason, began_by, began_at, lines, credits, granted, credits_granted, refused,
left: lines still to do, ended_at: null while there are any}.';
revoke all on function purse.batch_json(public.grant_batches) from public, anon, authenticated, service_role;

-- Locks the batch's key (advisory). Makes the accounts that do not exist yet, in the order of their ids.
create function public.desk_begin_grants(
    p_actor_id        uuid,
    p_campaign        text,
    p_reason          text,
    p_lines           jsonb,
    p_idempotency_key text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_batch       public.grant_batches;
    v_fingerprint bytea;
    v_found       jsonb;
    v_faults      jsonb;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id, true);
    perform purse.require_valid_key(p_idempotency_key);
    perform purse.require_lines(p_lines);
    -- Under the key of address hashes, so that nobody can try addresses against it.
    v_fingerprint := purse.address_hash(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
        jsonb_build_array(p_campaign, p_reason, p_lines)::text, 'UTF8'
    )), 'hex'));
    -- The second click, or a colleague's, waits here and then finds the first one's batch.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('grants:' || p_idempotency_key, 0));
    select * into v_batch from public.grant_batches b where b.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(v_batch.fingerprint = v_fingerprint);
    else
        -- Once: a person may be deleted, or change their address, at any moment.
        select jsonb_agg(to_jsonb(r)) into v_found from purse.grant_recipients(p_lines) r;
        select jsonb_build_object('faulty', count(*), 'line', min(r.line)) into v_faults
        from pg_catalog.jsonb_to_recordset(v_found) r (line integer, fault text)
        where r.fault is not null;
        if (v_faults ->> 'faulty')::integer > 0 then
            return v_faults;
        end if;
        insert into public.grant_batches (idempotency_key, fingerprint, campaign, reason, actor_id)
        values (p_idempotency_key, v_fingerprint, p_campaign, p_reason, p_actor_id)
        returning * into v_batch;
        insert into public.grant_lines (batch_id, line, user_id, credits, valid_days, note)
        select v_batch.id, r.line, r.user_id, r.credits, r.valid_days, r.note
        from pg_catalog.jsonb_to_recordset(v_found)
            r (line integer, user_id uuid, credits bigint, valid_days integer, note text);
        -- desk_grant_lines then waits for no account.
        insert into public.user_credits (user_id)
        select l.user_id from public.grant_lines l where l.batch_id = v_batch.id order by l.user_id
        on conflict (user_id) do nothing;
    end if;
    return purse.batch_json(v_batch);
end
$$;

comment on function public.desk_begin_grants(uuid, text, text, jsonb, text) is
'Records a batch of grants as an admin, once per key: p_lines is as in purse.grant_recipients, 1 to 500. p_campaign
names the lots, and the people see it; p_reason is for staff. Grants nothing yet: call desk_grant_lines until nothing is left.
If a line has a fault, nothing is recorded, and it returns {faulty: how many lines, line: the first}. Else it returns
purse.batch_json. Raises PT403 with not_staff or admins_only as detail; PT409 with idempotency_key_reused if the key names
a batch with another campaign, reason or file; PT422 for more than 500 lines.';
revoke all on function public.desk_begin_grants(uuid, text, text, jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.desk_begin_grants(uuid, text, text, jsonb, text) to service_role;

create function purse.end_grant_line(
    p_actor_id uuid,
    p_batch    public.grant_batches,
    p_line     public.grant_lines
)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_arguments constant jsonb := jsonb_strip_nulls(jsonb_build_object(
        'credits', p_line.credits, 'valid_days', p_line.valid_days, 'batch_id', p_line.batch_id, 'line', p_line.line
    ));
    v_result    jsonb;
    v_refusal   text;
begin
    -- What is refused is undone to here, and is this line's outcome: the other lines go on.
    begin
        if exists (select from public.purse_moves m where m.from_user_id = p_line.user_id) then
            raise exception using errcode = 'PT409', message = 'the purse has moved', detail = 'purse_moved';
        end if;
        v_result := purse.run_action(p_actor_id, 'grant', p_line.user_id, v_arguments, p_batch.campaign, null);
        insert into public.admin_actions (
            actor_id, actor_role, action, user_id, arguments, reason, idempotency_key, result
        )
        values (
            p_actor_id, 'admin', 'bulk_grant', p_line.user_id, v_arguments, p_batch.reason,
            pg_catalog.format('grants:%s:%s', p_line.batch_id, p_line.line), v_result
        );
        insert into public.person_notes (user_id, author_id, text)
        select p_line.user_id, p_batch.actor_id, p_line.note
        where p_line.note is not null;
    exception
        when sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' then
            get stacked diagnostics v_refusal = pg_exception_detail;
    end;
    update public.grant_lines l
    set outcome = case when v_refusal is null then 'granted' else 'refused' end,
        refusal = v_refusal,
        transaction_id = case when v_refusal is null then (v_result -> 'details' ->> 'transaction_id')::bigint end,
        note = null,
        ended_at = clock_timestamp()
    where l.batch_id = p_line.batch_id
        and l.line = p_line.line;
end
$$;

comment on function purse.end_grant_line(uuid, public.grant_batches, public.grant_lines) is
'Grants a line of a batch, or writes down why it was refused. The caller holds the line''s row and the user''s.';
revoke all on function purse.end_grant_line(uuid, public.grant_batches, public.grant_lines)
    from public, anon, authenticated, service_role;

-- Locks lines of the batch and their users' rows, in the order of user ids, but skips those that are locked. It
-- waits for nobody, so it cannot deadlock.
create function public.desk_grant_lines(
    p_actor_id uuid,
    p_batch_id uuid
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_batch public.grant_batches;
    v_lines public.grant_lines[];
    v_line  public.grant_lines;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id, true);
    select * into v_batch from public.grant_batches b where b.id = p_batch_id;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such batch', detail = 'unknown_batch';
    end if;
    -- Few at once: whoever spends meanwhile waits until this transaction ends. A line that another call has just
    -- granted is read anew when it is locked, and is none of these any more.
    v_lines := array(
        select l
        from public.grant_lines l
        join public.user_credits u on u.user_id = l.user_id
        where l.batch_id = p_batch_id
            and l.outcome is null
        order by l.user_id
        limit 10
        for update of l, u skip locked
    );
    foreach v_line in array v_lines loop
        perform purse.end_grant_line(p_actor_id, v_batch, v_line);
    end loop;
    return purse.batch_json(v_batch) || jsonb_build_object('ended', cardinality(v_lines));
end
$$;

comment on function public.desk_grant_lines(uuid, uuid) is
'Grants the next lines of a batch as an admin, ten at most, each once however often this is called. Leaves out
accounts that are in use. A line that is refused stops no other. Each granted line is a bonus in the ledger and a row
in admin_actions (bulk_grant), in one transaction. Returns purse.batch_json, and ended: how many lines this call ended.
Raises PT403 with not_staff or admins_only as detail, PT404 with unknown_batch.';
revoke all on function public.desk_grant_lines(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_grant_lines(uuid, uuid) to service_role;

create function public.desk_grants(
    p_actor_id uuid,
    p_batch_id uuid default null
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_batch public.grant_batches;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    if p_batch_id is null then
        return jsonb_build_object('batches', (
            select coalesce(jsonb_agg(purse.batch_json(b.batch) order by (b.batch).created_at desc), '[]'::jsonb)
            from (select b as batch from public.grant_batches b order by b.created_at desc limit 20) b
        ));
    end if;
    select * into v_batch from public.grant_batches b where b.id = p_batch_id;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such batch', detail = 'unknown_batch';
    end if;
    return jsonb_build_object(
        'batch', purse.batch_json(v_batch),
        'lines', (
            select jsonb_agg(jsonb_build_object(
                'line', l.line,
                'user_id', l.user_id,
                'email', purse.who_is(l.user_id),
                'credits', l.credits,
                'valid_days', l.valid_days,
                'outcome', l.outcome,
                'refusal', l.refusal,
                'balance_after', t.balance_after
            ) order by l.line)
            from public.grant_lines l
            left join public.credit_transactions t on t.id = l.transaction_id
            where l.batch_id = p_batch_id
        )
    );
end
$$;

comment on function public.desk_grants(uuid, uuid) is
'The newest twenty batches of grants, for staff: {batches: [purse.batch_json]}. With p_batch_id {batch, lines: [{line,
user_id, email, credits, valid_days, outcome, refusal: see grant_lines, balance_after: the balance after the grant, or null}]}.
Raises PT403 for who is not staff, PT404 with unknown_batch as detail.';
revoke all on function public.desk_grants(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_grants(uuid, uuid) to service_role;
