-- The outbox: what happened, written in the transaction in which it happened, so that nothing is
-- announced that was rolled back and nothing that was committed is missed. Deliveries to the app's
-- endpoints and mails are made from these rows later (outbox_delivery).

create table public.outbox_events (
    id            bigint      generated always as identity,
    message_id    uuid        not null default gen_random_uuid(),
    type          text        not null,
    fact          text        not null,
    user_id       uuid,
    data          jsonb       not null,
    occurred_at   timestamptz not null default clock_timestamp(),
    is_fanned_out boolean     not null default false,
    constraint outbox_events_pkey primary key (id),
    constraint outbox_events_fact_key unique (fact),
    constraint outbox_events_message_id_key unique (message_id),
    constraint outbox_events_type_is_known check (type in (
        'credits.purchased', 'credits.granted', 'credits.low', 'credits.depleted', 'credits.expiring', 'credits.expired',
        'purchase.failed', 'purchase.refunded', 'purchase.withdrawn', 'refund.failed', 'dispute.opened', 'dispute.closed', 'ledger.mismatch', 'doctor.failed'
    ))
);

create index outbox_events_to_fan_out_idx on public.outbox_events (id) where not is_fanned_out;
create index outbox_events_occurred_at_idx on public.outbox_events (occurred_at);

comment on table public.outbox_events is
    'What happened, for the app and for mails. One row per fact. No personal data: ids and amounts only. For one user, id and the ledger have the same order.';
comment on column public.outbox_events.message_id is 'The webhook-id of every delivery of this event. A receiver that has seen it may ignore the delivery.';
comment on column public.outbox_events.fact is 'What is announced: the type and the id of its cause. Unique, so that no fact is announced twice.';
comment on column public.outbox_events.user_id is 'Whose credits. Null for an event about the shop.';
comment on column public.outbox_events.data is 'Ids, amounts and the balance after it. Amounts of money are in minor units, ids are text.';
comment on column public.outbox_events.is_fanned_out is 'Whether the deliveries of this event exist. True from the start for an event that is only recorded.';

alter table public.outbox_events enable row level security;
revoke all on public.outbox_events from public, anon, authenticated, service_role;
grant select on public.outbox_events to service_role;

-- One row. The deployment's settings are environment variables; the runner copies here what SQL needs.
create table public.outbox_settings (
    is_only_row         boolean     not null default true,
    low_balance_credits bigint,
    expiring_30_until   timestamptz not null default now() + interval '30 days',
    expiring_30_lot     bigint      not null default 0,
    expiring_7_until    timestamptz not null default now() + interval '7 days',
    expiring_7_lot      bigint      not null default 0,
    constraint outbox_settings_pkey primary key (is_only_row),
    constraint outbox_settings_has_one_row check (is_only_row)
);

insert into public.outbox_settings default values;

comment on table public.outbox_settings is 'The only row: what the outbox needs to know of the deployment.';
comment on column public.outbox_settings.low_balance_credits is 'LOW_BALANCE_CREDITS of the deployment. Null: the price of the dearest feature.';
comment on column public.outbox_settings.expiring_30_until is 'Lots that expire before this moment have had their turn to be announced 30 days ahead.';
comment on column public.outbox_settings.expiring_30_lot is 'Of the lots that expire exactly at expiring_30_until, those with an id up to this one were announced.';
comment on column public.outbox_settings.expiring_7_until is 'The same for 7 days ahead.';
comment on column public.outbox_settings.expiring_7_lot is 'The same for 7 days ahead.';

alter table public.outbox_settings enable row level security;
revoke all on public.outbox_settings from public, anon, authenticated, service_role;
grant select on public.outbox_settings to service_role;

create function purse.utc_text(p_at timestamptz)
    returns text
    language sql
    immutable
    set search_path = ''
as $$
    select pg_catalog.to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

comment on function purse.utc_text(timestamptz) is
'A moment as events and JSON carry it: UTC, ISO 8601, milliseconds.';
revoke all on function purse.utc_text(timestamptz) from public, anon, authenticated, service_role;

create function purse.announce(
    p_type        text,
    p_cause       text,
    p_user_id     uuid,
    p_data        jsonb,
    p_occurred_at timestamptz default clock_timestamp()
)
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    insert into public.outbox_events (type, fact, user_id, data, occurred_at, is_fanned_out)
    values (
        p_type,
        p_type || ':' || p_cause,
        p_user_id,
        jsonb_strip_nulls(p_data),
        p_occurred_at,
        p_occurred_at < now() - interval '3 days'
            or coalesce(pg_catalog.current_setting('purse.quiet', true), '') = 'on'
    )
    on conflict (fact) do nothing;
end
$$;

comment on function purse.announce(text, text, uuid, jsonb, timestamptz) is
'Writes an event into the outbox, once per type and cause. An event that is older than three days, or that
comes while purse.quiet is on, is recorded but not delivered: rebuilding a lost ledger must not tell people
about last year''s purchases.';
revoke all on function purse.announce(text, text, uuid, jsonb, timestamptz) from public, anon, authenticated, service_role;

create function purse.keep_quiet(p_is_quiet boolean)
    returns void
    language sql
    set search_path = ''
as $$
    select pg_catalog.set_config('purse.quiet', case when p_is_quiet then 'on' else 'off' end, true)
$$;

comment on function purse.keep_quiet(boolean) is
'Until the end of the transaction, or until it is called again: whether events are recorded without being
delivered.';
revoke all on function purse.keep_quiet(boolean) from public, anon, authenticated, service_role;

create function purse.low_threshold(
    p_user_id uuid,
    p_default bigint default null
)
    returns bigint
    language sql
    stable
    set search_path = ''
as $$
    select coalesce(
        (select u.low_threshold from public.user_credits u where u.user_id = p_user_id),
        p_default,
        (select s.low_balance_credits from public.outbox_settings s),
        (select max(f.credits) from public.credit_features f where f.active),
        0
    )
$$;

comment on function purse.low_threshold(uuid, bigint) is
'Below how many credits this user''s balance is low: their own threshold, else p_default, else what a runner of the
outbox told of the deployment, else the price of the dearest feature.';
revoke all on function purse.low_threshold(uuid, bigint) from public, anon, authenticated, service_role;

create function purse.warn_below(
    p_user_id uuid,
    p_balance bigint
)
    returns bigint
    language sql
    stable
    set search_path = ''
as $$
    select case
        when p_balance >= greatest(purse.low_threshold(p_user_id), 1) then greatest(purse.low_threshold(p_user_id), 1)
        when p_balance >= 1 then 1
    end
$$;

comment on function purse.warn_below(uuid, bigint) is
'What user_credits.warn_below becomes when credits have come in: the low threshold, 1 if the balance is low
already, null if there is nothing left to warn of.';
revoke all on function purse.warn_below(uuid, bigint) from public, anon, authenticated, service_role;

create function purse.announce_low(
    p_user_id        uuid,
    p_transaction_id bigint,
    p_balance        bigint
)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_account public.user_credits;
    v_data    jsonb;
begin
    select * into strict v_account from public.user_credits u where u.user_id = p_user_id;
    if v_account.warn_below is null or p_balance >= v_account.warn_below or v_account.deleted_at is not null then
        return;
    end if;
    v_data := jsonb_build_object(
        'user_id', p_user_id,
        'transaction_id', p_transaction_id::text,
        'balance', p_balance,
        'low_threshold', purse.low_threshold(p_user_id)
    );
    if v_account.warn_below > 1 then
        perform purse.announce('credits.low', p_transaction_id::text, p_user_id, v_data);
    end if;
    if p_balance < 1 then
        perform purse.announce('credits.depleted', p_transaction_id::text, p_user_id, v_data);
    end if;
    update public.user_credits u
    set warn_below = case when p_balance >= 1 then 1 end
    where u.user_id = p_user_id;
end
$$;

comment on function purse.announce_low(uuid, bigint, bigint) is
'Announces that a balance fell below the low threshold (credits.low) or to nothing (credits.depleted), each
once until credits come in again. Callers on a fast path compare with user_credits.warn_below first. The
caller holds the user''s row.';
revoke all on function purse.announce_low(uuid, bigint, bigint) from public, anon, authenticated, service_role;

create function purse.announce_entry(p_entry public.credit_transactions)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_type     text := case p_entry.kind
        when 'purchase' then 'credits.purchased'
        when 'bonus' then 'credits.granted'
        when 'expiry' then 'credits.expired'
    end;
    v_purchase public.purchases;
begin
    -- These come right before the row that takes the same credits back: together they change nothing.
    if p_entry.kind in ('expiry_reversal', 'forfeit_reversal') then
        return;
    end if;
    if v_type is not null then
        if p_entry.kind = 'purchase' then
            select * into v_purchase from public.purchases p where p.id = p_entry.purchase_id;
        end if;
        perform purse.announce(
            v_type,
            p_entry.id::text,
            p_entry.user_id,
            jsonb_build_object(
                'user_id', p_entry.user_id,
                'transaction_id', p_entry.id::text,
                'credits', abs(p_entry.amount),
                'balance', p_entry.balance_after,
                'purchase_id', p_entry.purchase_id,
                'amount', v_purchase.amount_paid,
                'currency', v_purchase.currency_paid
            ),
            case
                when p_entry.kind = 'expiry' then coalesce(
                    (
                        select min(l.expires_at)
                        from public.credit_lots l
                        where l.user_id = p_entry.user_id
                            and p_entry.lots ? l.id::text
                    ),
                    p_entry.created_at
                )
                else p_entry.created_at
            end
        );
    end if;
    if p_entry.amount > 0 then
        update public.user_credits u
        set warn_below = purse.warn_below(p_entry.user_id, p_entry.balance_after)
        where u.user_id = p_entry.user_id;
    else
        perform purse.announce_low(p_entry.user_id, p_entry.id, p_entry.balance_after);
    end if;
end
$$;

comment on function purse.announce_entry(public.credit_transactions) is
'Announces a ledger row of any kind but a spend, and what it did to the balance. An expiry occurred when its
lot expired, which may be long before it was written. The caller holds the user''s row.';
revoke all on function purse.announce_entry(public.credit_transactions) from public, anon, authenticated, service_role;
