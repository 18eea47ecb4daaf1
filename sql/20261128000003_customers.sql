-- Which Stripe customer belongs to which user.

create table public.stripe_customers (
    user_id         uuid        not null,
    livemode        boolean     not null,
    customer_id     text,
    idempotency_key uuid        not null default gen_random_uuid(),
    email_hash      bytea,
    created_at      timestamptz not null default now(),
    constraint stripe_customers_pkey primary key (user_id, livemode),
    constraint stripe_customers_customer_id_key unique (customer_id)
);

comment on table public.stripe_customers is
    'One Stripe customer per user, for test and live mode each. No foreign key to auth.users: deleting a user must not delete payment records.';
comment on column public.stripe_customers.customer_id is 'Null until Stripe has created the customer.';
comment on column public.stripe_customers.idempotency_key is
    'Stripe''s idempotency key for creating the customer, so that parallel clicks create one. Renewed after a failure, because Stripe replays a failed answer for a day.';

comment on column public.stripe_customers.email_hash is
    'The e-mail address that was last sent to Stripe for this customer, hashed (purse.address_hash).';

alter table public.stripe_customers enable row level security;
revoke all on public.stripe_customers from public, anon, authenticated, service_role;
grant select on public.stripe_customers to service_role;

create function public.link_stripe_customer(
    p_user_id     uuid,
    p_livemode    boolean,
    p_customer_id text,
    p_email       text default null
)
    returns text
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_customer_id text;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    update public.stripe_customers s
    set customer_id = coalesce(s.customer_id, p_customer_id),
        email_hash = case when p_email is null then s.email_hash else purse.address_hash(p_email) end
    where s.user_id = p_user_id
        and s.livemode = p_livemode
    returning s.customer_id into v_customer_id;
    return v_customer_id;
end
$$;

comment on function public.link_stripe_customer(uuid, boolean, text, text) is
'Stores the Stripe customer that was created for a user and the address that was sent to Stripe, if any, and
returns the customer to use. If two requests store one at the same time, the first wins and both get its id.
Raises PT403 if the account was deleted meanwhile: the caller then deletes the customer it has created.';
revoke all on function public.link_stripe_customer(uuid, boolean, text, text)
    from public, anon, authenticated, service_role;
grant execute on function public.link_stripe_customer(uuid, boolean, text, text) to service_role;

create function public.renew_stripe_customer(
    p_user_id          uuid,
    p_livemode         boolean,
    p_idempotency_key  uuid,
    p_gone_customer_id text default null
)
    returns uuid
    language sql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
    select purse.require_server();
    with renewed as (
        update public.stripe_customers s
        set customer_id = null,
            idempotency_key = gen_random_uuid()
        where s.user_id = p_user_id
            and s.livemode = p_livemode
            and s.idempotency_key = p_idempotency_key
            and s.customer_id is not distinct from p_gone_customer_id
        returning s.idempotency_key
    )
    select coalesce(
        (select r.idempotency_key from renewed r),
        (
            select s.idempotency_key
            from public.stripe_customers s
            where s.user_id = p_user_id
                and s.livemode = p_livemode
        )
    )
$$;

comment on function public.renew_stripe_customer(uuid, boolean, uuid, text) is
'Forgets a customer and returns a new idempotency key, so that the next attempt creates a new customer.
For when Stripe failed to create one under p_idempotency_key (p_gone_customer_id is null), or no
longer has the one it created (p_gone_customer_id names it). If two requests call it, the first
renews the key and both get the new one. A customer stored meanwhile is kept.';
revoke all on function public.renew_stripe_customer(uuid, boolean, uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.renew_stripe_customer(uuid, boolean, uuid, text) to service_role;
