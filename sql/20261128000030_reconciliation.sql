-- Reconciliation: a daily job lists what Stripe has and records the same facts as the webhook would.

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
    'The progress of reconciliation, for test and live mode each: the last complete run, and where the present run continues.';
comment on column public.reconciliations.reached_at is 'When the last complete run began: everything at Stripe up to then has been examined. Null: there was none, so the next run examines everything.';
comment on column public.reconciliations.started_at is 'When the present run began. Null between runs.';
comment on column public.reconciliations.step is 'What the present run is listing.';
comment on column public.reconciliations.after_id is 'The last object of that list that was dealt with.';

alter table public.reconciliations enable row level security;
revoke all on public.reconciliations from public, anon, authenticated, service_role;
grant select on public.reconciliations to service_role;

create function public.begin_reconciliation(p_livemode boolean)
    returns jsonb
    language sql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
    select purse.require_server();
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

comment on function public.begin_reconciliation(boolean) is
'Continues the present run of reconciliation, or begins one.
Returns {started_at, since: seconds since 1970 or null, step or null, after_id or null}.';
revoke all on function public.begin_reconciliation(boolean) from public, anon, authenticated, service_role;
grant execute on function public.begin_reconciliation(boolean) to service_role;

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
    set lock_timeout = '2s'
as $$
    select purse.require_server();
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
'Stores the progress of the run that began at p_started_at: its step and the last id dealt with. Without a
step the run is complete. If two processes work on the same run, the slower one cannot reopen it.';
revoke all on function public.save_reconciliation(boolean, timestamptz, text, text)
    from public, anon, authenticated, service_role;
grant execute on function public.save_reconciliation(boolean, timestamptz, text, text) to service_role;

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
    select purse.require_server();
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
'Orders whose checkout is neither paid nor over, so that reconciliation asks Stripe about each. By id, after
p_after_id, p_limit a page; p_before is in seconds since 1970. Orders older than sixty days are left
out: a checkout page is open for a day at most, and a bank takes weeks at most.
Returns [{order_id, checkout_session_id}].';
revoke all on function public.unsettled_orders(boolean, bigint, uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.unsettled_orders(boolean, bigint, uuid, integer) to service_role;

create function public.paid_orders(
    p_livemode boolean,
    p_since    bigint
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select coalesce(jsonb_agg(jsonb_build_object(
        'order_id', o.id,
        'checkout_session_id', o.checkout_session_id
    )), '[]'::jsonb)
    from (
        select p.id, p.checkout_session_id
        from public.purchases p
        where p.paid_at is not null
            and p.livemode = p_livemode
            and p.created_at >= to_timestamp(p_since)
        order by p.created_at desc
        limit 10000
    ) o
$$;

comment on function public.paid_orders(boolean, bigint) is
'Orders begun since p_since (seconds since 1970) that are paid as far as we know, at most 10,000, for
comparison with Stripe. Returns [{order_id, checkout_session_id}].';
revoke all on function public.paid_orders(boolean, bigint) from public, anon, authenticated, service_role;
grant execute on function public.paid_orders(boolean, bigint) to service_role;

-- Takes the advisory locks of the order and the payment, in this order, then what record_facts locks.
create function public.reconcile_facts(
    p_facts  jsonb,
    p_policy text default 'debt'
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_posted_before bigint;
    v_purchase_id   uuid;
    v_answer        jsonb;
begin
    perform purse.require_server();
    -- record_facts takes these locks too. Taking them before we read keeps a parallel posting out of our answer.
    perform purse.lock_order(p_facts ->> 'order_id');
    perform purse.lock_payment(p_facts ->> 'payment_intent_id');
    select p.credits_posted into v_posted_before
    from public.purchases p
    where p.id = (p_facts ->> 'order_id')::uuid
        or (p_facts ? 'reversal_id' and p.id = purse.purchase_of_payment(p_facts ->> 'payment_intent_id'));

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
'record_facts for reconciliation: also says what the ledger held for the purchase before and after.
Returns {purchase_id, status, decision, posted_before, posted}; null while the purchase is not known.';
revoke all on function public.reconcile_facts(jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.reconcile_facts(jsonb, text) to service_role;
