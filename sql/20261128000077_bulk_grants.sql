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
