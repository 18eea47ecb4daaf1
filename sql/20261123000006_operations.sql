-- Beside the webhook, the two other ways in which Stripe's word reaches the ledger: the return page's
-- look-up and reconciliation. Both end in record_facts.

-- The return page ---------------------------------------------------------------------------------

create table public.stripe_lookups (
    user_id      uuid        not null,
    looked_up_at timestamptz not null,
    constraint stripe_lookups_pkey primary key (user_id)
);

comment on table public.stripe_lookups is
    'When we last asked Stripe about a payment because its buyer was waiting for it: once every few seconds a user, however often their page asks us.';

-- claim_stripe_lookup(user, seconds) -> may we ask Stripe now?
-- The upsert locks the user's row, so of any number of callers at once one is told yes.
create function public.claim_stripe_lookup(
    p_user_id uuid,
    p_seconds integer
)
    returns boolean
    language sql
    security definer
    set search_path = ''
as $$
    with claim as (
        insert into public.stripe_lookups as l (user_id, looked_up_at)
        values (p_user_id, clock_timestamp())
        on conflict (user_id) do update
            set looked_up_at = clock_timestamp()
            where l.looked_up_at <= clock_timestamp() - make_interval(secs => p_seconds)
        returning true
    )
    select exists (select from claim)
$$;

comment on function public.claim_stripe_lookup(uuid, integer) is
    'Whether Stripe may be asked about this user''s payment now: true for one caller in so many seconds.';
revoke all on function public.claim_stripe_lookup(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.claim_stripe_lookup(uuid, integer) to service_role;

-- Reconciliation ----------------------------------------------------------------------------------

create table public.reconciliations (
    livemode    boolean     not null,
    reached_at  timestamptz,
    finished_at timestamptz,
    started_at  timestamptz,
    step        text,
    after_id    text,
    constraint reconciliations_pkey primary key (livemode),
    constraint reconciliations_step_is_known check (step in ('sessions', 'orders', 'refunds', 'disputes')),
    constraint reconciliations_step_is_part_of_a_run check (step is null or started_at is not null)
);

comment on table public.reconciliations is
    'How far reconciliation has come, for test and live mode each: the last whole run, and where the run under way goes on.';
comment on column public.reconciliations.reached_at is 'When the last whole run began: everything at Stripe up to then has been looked at. Null: never, so the next run looks at everything.';
comment on column public.reconciliations.started_at is 'When the run under way began; null between runs.';
comment on column public.reconciliations.step is 'What the run under way is listing.';
comment on column public.reconciliations.after_id is 'The last object of that list it has dealt with.';

-- begin_reconciliation(live or test) -> {started_at, since: seconds since 1970 or null, step or null, after_id or null}
-- Goes on with the run under way, or begins one.
create function public.begin_reconciliation(p_livemode boolean)
    returns jsonb
    language sql
    security definer
    set search_path = ''
as $$
    insert into public.reconciliations as r (livemode, started_at)
    values (p_livemode, clock_timestamp())
    on conflict (livemode) do update
        set started_at = coalesce(r.started_at, excluded.started_at)
    returning jsonb_build_object(
        'started_at', r.started_at,
        'since', floor(extract(epoch from r.reached_at))::bigint,
        'step', r.step,
        'after_id', r.after_id
    )
$$;

comment on function public.begin_reconciliation(boolean) is 'Where reconciliation goes on, or that it begins.';
revoke all on function public.begin_reconciliation(boolean) from public, anon, authenticated, service_role;
grant execute on function public.begin_reconciliation(boolean) to service_role;

-- save_reconciliation(live or test, run, step, last id dealt with) remembers how far a run has come;
-- without a step it is whole. Of two who work on one run the slower cannot revive it once it is whole.
create function public.save_reconciliation(
    p_livemode   boolean,
    p_started_at timestamptz,
    p_step       text default null,
    p_after_id   text default null
)
    returns void
    language sql
    security definer
    set search_path = ''
as $$
    update public.reconciliations r
    set step = p_step,
        after_id = p_after_id,
        started_at = case when p_step is not null then r.started_at end,
        reached_at = case when p_step is null then p_started_at else r.reached_at end,
        finished_at = case when p_step is null then clock_timestamp() else r.finished_at end
    where r.livemode = p_livemode
        and r.started_at = p_started_at
$$;

comment on function public.save_reconciliation(boolean, timestamptz, text, text) is
    'Remembers how far a run of reconciliation has come, or that it is whole.';
revoke all on function public.save_reconciliation(boolean, timestamptz, text, text) from public, anon, authenticated, service_role;
grant execute on function public.save_reconciliation(boolean, timestamptz, text, text) to service_role;

-- unsettled_orders(live or test, begun before, in seconds since 1970, after this order or null, how many)
--   -> [{order_id, checkout_session_id}]
-- Orders whose checkout may still change. After sixty days nothing does: no page is open for longer
-- than a day, no bank takes longer than weeks.
create function public.unsettled_orders(
    p_livemode boolean,
    p_before   bigint,
    p_after_id uuid,
    p_limit    integer
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'order_id', o.id,
        'checkout_session_id', o.checkout_session_id
    ) order by o.id), '[]'::jsonb)
    from (
        select p.id, p.checkout_session_id
        from public.purchases p
        where p.status in ('open', 'processing')
            and p.livemode = p_livemode
            and p.checkout_session_id is not null
            and p.created_at between now() - interval '60 days' and to_timestamp(p_before)
            and (p_after_id is null or p.id > p_after_id)
        order by p.id
        limit p_limit
    ) o
$$;

comment on function public.unsettled_orders(boolean, bigint, uuid, integer) is
    'Orders whose checkout is neither paid nor over, a page at a time: reconciliation asks Stripe about each.';
revoke all on function public.unsettled_orders(boolean, bigint, uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.unsettled_orders(boolean, bigint, uuid, integer) to service_role;

create index purchases_unsettled_idx on public.purchases (id) where status in ('open', 'processing');

-- reconcile_facts(facts, policy) -> {purchase_id, status, decision, posted_before, posted}
-- record_facts, which also tells what it changed.
create function public.reconcile_facts(
    p_facts  jsonb,
    p_policy text default 'debt'
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_posted_before bigint;
    v_purchase_id   uuid;
    v_answer        jsonb;
begin
    -- record_facts takes these locks anyway; taken before reading, what somebody else posts is not told as ours.
    perform public.lock_order(p_facts ->> 'order_id');
    perform public.lock_payment(p_facts ->> 'payment_intent_id');
    select p.credits_posted into v_posted_before
    from public.purchases p
    where p.id = (p_facts ->> 'order_id')::uuid
        or (p_facts ? 'reversal_id' and p.payment_intent_id = p_facts ->> 'payment_intent_id');

    v_purchase_id := public.record_facts(p_facts, p_policy);

    select jsonb_build_object(
        'purchase_id', p.id,
        'status', p.status,
        'decision', p.decision,
        'posted_before', coalesce(v_posted_before, 0),
        'posted', p.credits_posted
    ) into v_answer
    from public.purchases p
    where p.id = v_purchase_id;
    return v_answer;
end
$$;

comment on function public.reconcile_facts(jsonb, text) is
    'record_facts for reconciliation: also tells what the ledger held for the purchase before and after. Null while the purchase is not known.';
revoke all on function public.reconcile_facts(jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.reconcile_facts(jsonb, text) to service_role;

-- rehearse_facts([facts], policy) -> [{purchase_id, user_id, status, posted_before, posted}]
-- What record_facts would change in the ledger: it is called, looked at, and undone.
create function public.rehearse_facts(
    p_facts  jsonb,
    p_policy text default 'debt'
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_before jsonb;
    v_answer jsonb;
begin
    -- A rehearsal holds the locks of many, so it is alone in that, and takes them kind by kind in the order of
    -- record_facts, before any of them is asked for: who records one fact at a time then never waits for a
    -- rehearsal that waits for them.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rehearsal', 0));
    perform public.lock_order(e.value ->> 'order_id') from jsonb_array_elements(p_facts) e;
    perform public.lock_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e;
    perform from public.purchases p
    where p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
        or p.payment_intent_id in (select e.value ->> 'payment_intent_id' from jsonb_array_elements(p_facts) e)
    for update;

    select coalesce(jsonb_object_agg(p.id, p.credits_posted), '{}'::jsonb) into v_before
    from public.purchases p
    where p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
        or p.payment_intent_id in (select e.value ->> 'payment_intent_id' from jsonb_array_elements(p_facts) e);

    begin
        perform public.record_facts(e.value, p_policy) from jsonb_array_elements(p_facts) e;

        select jsonb_agg(jsonb_build_object(
            'purchase_id', p.id,
            'user_id', p.user_id,
            'status', p.status,
            'posted_before', coalesce((v_before ->> p.id::text)::bigint, 0),
            'posted', p.credits_posted
        ) order by p.created_at, p.id) into v_answer
        from public.purchases p
        where (
                p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
                or p.payment_intent_id in (select e.value ->> 'payment_intent_id' from jsonb_array_elements(p_facts) e)
            )
            and p.credits_posted <> coalesce((v_before ->> p.id::text)::bigint, 0);

        raise exception using errcode = 'PRHRS', message = 'the rehearsal is over';
    exception
        when sqlstate 'PRHRS' then
            return coalesce(v_answer, '[]'::jsonb);
    end;
end
$$;

comment on function public.rehearse_facts(jsonb, text) is
    'What these facts would change in the ledger. Changes nothing: what it does it undoes.';
revoke all on function public.rehearse_facts(jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.rehearse_facts(jsonb, text) to service_role;

alter table public.stripe_lookups enable row level security;
alter table public.reconciliations enable row level security;

revoke all on public.stripe_lookups, public.reconciliations from public, anon, authenticated, service_role;
grant select on public.stripe_lookups, public.reconciliations to service_role;
