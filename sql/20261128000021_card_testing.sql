-- Card testing: somebody tries stolen cards on our checkout. Declines per person and hour are limited.
-- At the limit begin_purchase opens no further checkout, and the webhook closes those that are open.

create table public.card_declines (
    purchase_id uuid        not null,
    declined_at timestamptz not null,
    constraint card_declines_pkey primary key (purchase_id, declined_at),
    constraint card_declines_purchase_id_fkey foreign key (purchase_id) references public.purchases (id)
);

comment on table public.card_declines is
    'One row per declined attempt to pay an order. It holds nothing of the card.';
comment on column public.card_declines.declined_at is 'When it happened at Stripe, to the second.';

alter table public.card_declines enable row level security;
revoke all on public.card_declines from public, anon, authenticated, service_role;
grant select on public.card_declines to service_role;

create function purse.checkout_opens_at(
    p_user_id           uuid,
    p_declines_per_hour integer
)
    returns timestamptz
    language sql
    stable
    set search_path = ''
as $$
    select d.declined_at + interval '1 hour'
    from public.purchases p
    join public.card_declines d on d.purchase_id = p.id
    where p.user_id = p_user_id
        and d.declined_at > clock_timestamp() - interval '1 hour'
    order by d.declined_at desc
    offset p_declines_per_hour - 1
    limit 1
$$;

comment on function purse.checkout_opens_at(uuid, integer) is
'When a user may begin a checkout again: an hour after the decline that reached the limit. Null if fewer than
p_declines_per_hour of their payments were declined in the last hour.';
revoke all on function purse.checkout_opens_at(uuid, integer) from public, anon, authenticated, service_role;

create function public.checkouts_to_close(
    p_order_id          uuid,
    p_declines_per_hour integer
)
    returns text[]
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select coalesce(array_agg(o.checkout_session_id order by o.created_at desc), '{}')
    from (
        select c.checkout_session_id, c.created_at
        from public.purchases declined
        join purse.open_checkouts c on c.user_id = declined.user_id
        where declined.id = p_order_id
            and purse.checkout_opens_at(declined.user_id, p_declines_per_hour) is not null
        order by c.created_at desc
        limit 20
    ) o
$$;

comment on function public.checkouts_to_close(uuid, integer) is
'The open Checkout Sessions of an order''s user, newest first and twenty at most, if p_declines_per_hour of
the user''s payments were declined in the last hour; otherwise none.';
revoke all on function public.checkouts_to_close(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.checkouts_to_close(uuid, integer) to service_role;
