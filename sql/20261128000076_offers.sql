-- Offers: a pack for one customer, which the desk makes and which is bought once, through the same checkout as
-- the packs of the catalogue. An order of an offer has the offer's id as its package_id, and copies the rest.
-- Whether an offer was bought is read from its orders, so it follows Stripe's facts as they do.

create table public.offers (
    id             uuid        not null default gen_random_uuid(),
    user_id        uuid        not null,
    name           text        not null,
    credits        bigint      not null,
    unit_amount    bigint      not null,
    currency       text        not null,
    valid_days     integer,
    note           text,
    ends_at        timestamptz not null,
    withdrawn_at   timestamptz,
    given_up_until timestamptz,
    created_at     timestamptz not null default clock_timestamp(),
    constraint offers_pkey primary key (id),
    constraint offers_name_is_short check (name ~ '\S' and length(name) <= 80),
    constraint offers_credits_are_sane check (credits between 1 and 1000000000),
    constraint offers_unit_amount_is_sane check (unit_amount between 1 and 99999999),
    constraint offers_valid_days_are_sane check (valid_days between 1 and 3650),
    constraint offers_note_is_short check (note ~ '\S' and length(note) <= 500)
);

create index offers_user_id_created_at_idx on public.offers (user_id, created_at desc);

comment on table public.offers is
    'Packs for one customer each, made at the desk. Deleted with the account (purse.erase_person): orders keep what they bought.';
comment on column public.offers.id is 'The package_id of its orders. The ids of packs have no hyphens, so the two never meet.';
comment on column public.offers.unit_amount is 'Price in Stripe''s minor units of the currency. See stripe_currencies().';
comment on column public.offers.valid_days is 'Days from payment until the remaining credits expire. Null: they never expire.';
comment on column public.offers.note is 'Shown to the buyer on the card.';
comment on column public.offers.ends_at is 'The moment from which no new checkout of the offer begins. An order that began before still settles.';
comment on column public.offers.withdrawn_at is 'When staff withdrew it. It may have been bought all the same, by an order that had begun.';
comment on column public.offers.given_up_until is 'Orders that began until then and whose page was not opened are given up (abandon_order). Null: none.';

alter table public.offers enable row level security;
revoke all on public.offers from public, anon, authenticated, service_role;
grant select on public.offers to service_role;

create trigger offers_can_be_sold
    before insert or update of unit_amount, currency on public.offers
    for each row execute function purse.require_sellable_price();
alter table public.offers enable always trigger offers_can_be_sold;

create function purse.offer_state(p_offer public.offers)
    returns text
    language sql
    stable
    set search_path = ''
as $$
    select case
        when bool_or(p.paid_at is not null) then 'bought'
        when p_offer.withdrawn_at is not null then 'withdrawn'
        when bool_or(p.status = 'processing') then 'processing'
        when p_offer.ends_at <= now() then 'expired'
        else 'open'
    end
    from public.purchases p
    where p.user_id = p_offer.user_id
        and p.package_id = p_offer.id::text
$$;

comment on function purse.offer_state(public.offers) is
'The state of an offer: bought, withdrawn, processing (a bank has not confirmed its payment yet), expired or open. What
was paid comes first: an offer may be withdrawn, or end, while somebody pays for it.';
revoke all on function purse.offer_state(public.offers) from public, anon, authenticated, service_role;

create function purse.offer_json(p_offer public.offers)
    returns jsonb
    language sql
    stable
    set search_path = ''
    set timezone = 'UTC'
as $$
    select jsonb_build_object(
        'id', p_offer.id,
        'name', p_offer.name,
        'credits', p_offer.credits,
        'unit_amount', p_offer.unit_amount,
        'currency', p_offer.currency,
        'decimals', purse.decimals_of(p_offer.currency),
        'valid_days', p_offer.valid_days,
        'note', p_offer.note,
        'ends_at', p_offer.ends_at
    )
$$;

comment on function purse.offer_json(public.offers) is
'An offer as its buyer sees it: {id, name, credits, unit_amount, currency, decimals, valid_days, note, ends_at}.';
revoke all on function purse.offer_json(public.offers) from public, anon, authenticated, service_role;

create function public.read_offers(p_user_id uuid)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.require_server();
    select purse.require_account(p_user_id);
    select jsonb_build_object('offers', coalesce(
        jsonb_agg(purse.offer_json(o) order by o.ends_at, o.created_at, o.id), '[]'::jsonb
    ))
    from (
        select *
        from public.offers o
        where o.user_id = p_user_id
            and o.withdrawn_at is null
            and o.ends_at > now()
            and purse.offer_state(o) = 'open'
        order by o.ends_at, o.created_at, o.id
        limit 50
    ) o
$$;

comment on function public.read_offers(uuid) is
'The offers that a user can buy now, those that end first first, fifty at most: {offers: [see purse.offer_json]}. Raises
PT403 if the account was deleted.';
revoke all on function public.read_offers(uuid) from public, anon, authenticated, service_role;
grant execute on function public.read_offers(uuid) to service_role;

create function purse.offers_of_person(p_user_id uuid)
    returns jsonb
    language sql
    stable
    set search_path = ''
    set timezone = 'UTC'
as $$
    select coalesce(jsonb_agg(purse.offer_json(o) || jsonb_build_object(
        'state', purse.offer_state(o),
        'created_at', o.created_at,
        'withdrawn_at', o.withdrawn_at
    ) order by o.created_at desc, o.id), '[]'::jsonb)
    from (
        select * from public.offers o where o.user_id = p_user_id order by o.created_at desc, o.id limit 50
    ) o
$$;

comment on function purse.offers_of_person(uuid) is
'The fifty newest offers made to a user, for staff: [{see purse.offer_json, state: see purse.offer_state, created_at,
withdrawn_at or null}].';
revoke all on function purse.offers_of_person(uuid) from public, anon, authenticated, service_role;

create function purse.on_sale_for(
    p_user_id    uuid,
    p_package_id text
)
    returns table (
        id          text,
        name        text,
        credits     bigint,
        unit_amount bigint,
        currency    text,
        valid_days  integer
    )
    language sql
    stable
    set search_path = ''
as $$
    select c.id, c.name, c.credits, c.unit_amount, c.currency, c.valid_days
    from public.credit_packages c
    where c.id = p_package_id
        and c.active
    union all
    select o.id::text, o.name, o.credits, o.unit_amount, o.currency, o.valid_days
    from public.offers o
    where o.user_id = p_user_id
        and o.id::text = p_package_id
$$;

comment on function purse.on_sale_for(uuid, text) is
'What a user buys under this id: a pack that is on sale, or an offer made to them (purse.open_order_of_offer says whether
it is still open). No row: neither, or an offer made to somebody else.';
revoke all on function purse.on_sale_for(uuid, text) from public, anon, authenticated, service_role;

create function purse.open_order_of_offer(
    p_user_id    uuid,
    p_package_id text,
    p_livemode   boolean
)
    returns public.purchases
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_offer public.offers;
    v_order public.purchases;
begin
    select * into v_offer
    from public.offers o
    where o.user_id = p_user_id
        and o.id::text = p_package_id;
    if not found then
        return null;
    end if;
    if exists (
        select from public.purchases p
        where p.user_id = p_user_id
            and p.package_id = p_package_id
            and (p.paid_at is not null or p.status = 'processing')
    ) then
        raise exception using errcode = 'PT409', message = 'the offer was bought', detail = 'offer_bought';
    end if;
    if v_offer.withdrawn_at is not null or v_offer.ends_at <= clock_timestamp() then
        raise exception using errcode = 'PT409', message = 'the offer has ended', detail = 'offer_ended';
    end if;
    select * into v_order
    from public.purchases p
    where p.user_id = p_user_id
        and p.package_id = p_package_id
        and p.livemode = p_livemode
        and p.status = 'open'
        and p.created_at > case
            -- A checkout page is open for a day at most.
            when p.checkout_session_id is not null then clock_timestamp() - interval '1 day'
            -- A page whose opening was interrupted: nobody has its address.
            else greatest(clock_timestamp() - interval '1 minute', v_offer.given_up_until)
        end
    order by p.created_at desc
    limit 1;
    return v_order;
end
$$;

comment on function purse.open_order_of_offer(uuid, text, boolean) is
'The order of an offer that may still be paid: an offer has one at a time, so that it is not bought twice. Null if there
is none, or p_package_id is no offer made to this user. The caller holds the lock of the user''s new orders.
Raises PT409 with offer_bought as detail if the offer was paid for or its payment is being confirmed, with offer_ended if
it was withdrawn or its time is over.';
revoke all on function purse.open_order_of_offer(uuid, text, boolean) from public, anon, authenticated, service_role;

create function public.abandon_order(p_order_id uuid)
    returns boolean
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
begin
    perform purse.require_server();
    update public.offers o
    set given_up_until = greatest(o.given_up_until, p.created_at)
    from public.purchases p
    where p.id = p_order_id
        and p.checkout_session_id is null
        and o.user_id = p.user_id
        and o.id::text = p.package_id;
    return found;
end
$$;

comment on function public.abandon_order(uuid) is
'Gives up the order of an offer whose checkout page could not be opened, so that the next request begins another one at
once. Its row stays as it is: if a request at the same moment has opened the page after all, that page is used again. Returns
whether there was such an order.';
revoke all on function public.abandon_order(uuid) from public, anon, authenticated, service_role;
grant execute on function public.abandon_order(uuid) to service_role;

create function purse.make_offer(
    p_user_id   uuid,
    p_arguments jsonb
)
    returns jsonb
    language plpgsql
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_ends_at constant timestamptz := (p_arguments ->> 'ends_at')::timestamptz;
    v_offer   public.offers;
begin
    -- forget_user and move_purse take this lock alone: an offer is there before the deletion, or is refused.
    perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('orders of:' || p_user_id, 0));
    perform purse.require_account(p_user_id);
    if exists (select from public.purse_moves m where m.from_user_id = p_user_id) then
        raise exception using errcode = 'PT409', message = 'the purse has moved to another account', detail = 'purse_moved';
    end if;
    if v_ends_at not between clock_timestamp() and clock_timestamp() + interval '3650 days' then
        raise exception using errcode = 'PT409', message = 'an offer ends later, within ten years', detail = 'offer_end_wrong';
    end if;
    perform purse.require_price(p_arguments ->> 'currency', (p_arguments ->> 'unit_amount')::bigint);
    insert into public.offers (user_id, name, credits, unit_amount, currency, valid_days, note, ends_at)
    values (
        p_user_id, p_arguments ->> 'name', (p_arguments ->> 'credits')::bigint, (p_arguments ->> 'unit_amount')::bigint,
        p_arguments ->> 'currency', (p_arguments ->> 'valid_days')::integer, p_arguments ->> 'note', v_ends_at
    )
    returning * into v_offer;
    return jsonb_build_object(
        'offer_id', v_offer.id,
        'credits', v_offer.credits,
        'unit_amount', v_offer.unit_amount,
        'currency', v_offer.currency,
        'decimals', purse.decimals_of(v_offer.currency),
        'ends_at', v_offer.ends_at
    );
end
$$;

comment on function purse.make_offer(uuid, jsonb) is
'Makes an offer to a user: {name, credits, unit_amount, currency, valid_days, note, ends_at}. Returns {offer_id, credits,
unit_amount, currency, decimals, ends_at}: what admin_actions may keep, so not the texts for the buyer. Raises PT422 for a
price that Stripe does not charge; PT409 with offer_end_wrong as detail if ends_at is past or more than ten years ahead, with
purse_moved if the user''s purse has moved; PT403 if the account was deleted.';
revoke all on function purse.make_offer(uuid, jsonb) from public, anon, authenticated, service_role;

create function purse.withdraw_offer(
    p_user_id  uuid,
    p_offer_id uuid
)
    returns jsonb
    language plpgsql
    set search_path = ''
as $$
declare
    v_offer public.offers;
begin
    select * into v_offer from public.offers o where o.id = p_offer_id and o.user_id = p_user_id for update;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such offer', detail = 'unknown_offer';
    end if;
    perform purse.require_not_done(v_offer.withdrawn_at is not null);
    if purse.offer_state(v_offer) = 'bought' then
        raise exception using errcode = 'PT409', message = 'the offer was bought', detail = 'offer_bought';
    end if;
    update public.offers o set withdrawn_at = clock_timestamp() where o.id = p_offer_id;
    return jsonb_build_object(
        'offer_id', p_offer_id,
        'is_being_paid', exists (
            select from public.purchases p
            where p.user_id = p_user_id
                and p.package_id = p_offer_id::text
                and (
                    p.status = 'processing'
                    or exists (select from purse.open_checkouts c where c.id = p.id)
                )
        )
    );
end
$$;

comment on function purse.withdraw_offer(uuid, uuid) is
'Withdraws an offer that is not paid. Returns {offer_id, is_being_paid: whether a payment of it is being confirmed, or its
checkout page may be open; it can still be paid}. Raises PT404 with unknown_offer as detail if it is not this user''s; PT409
with already_done or offer_bought.';
revoke all on function purse.withdraw_offer(uuid, uuid) from public, anon, authenticated, service_role;
